// Arguments, environment, console, clocks, randomness, polling, the end; and the table against its documentation.
#include "guest.h"

namespace writ::guest::wasm::wasi {
namespace {

constexpr auto ok = 0, badf = 8, fault = 21, inval = 28, ended = -1;

TEST(WasiProcess, GivesArgumentsAndEnvironment) {
  Guest g({.grants = {"env:HOME", "env:EMPTY"},
           .environment = {"HOME=/root", "SECRET=x", "EMPTY="},
           .arguments = {"index", "", "a b"}});
  EXPECT_EQ(g.call("args_sizes_get", 16, 20), ok);
  EXPECT_EQ(g.get<std::uint32_t>(16), 3u);
  EXPECT_EQ(g.get<std::uint32_t>(20), 11u);
  EXPECT_EQ(g.call("args_get", 64, 128), ok);
  EXPECT_EQ(g.text(128, 11), std::string("index\0\0a b\0", 11));
  EXPECT_EQ(g.get<std::uint32_t>(72), 135u);
  EXPECT_EQ(g.call("environ_sizes_get", 16, 20), ok);
  EXPECT_EQ(g.get<std::uint32_t>(16), 2u);
  EXPECT_EQ(g.call("environ_get", 64, 128), ok);
  EXPECT_EQ(g.text(128, 18), std::string("HOME=/root\0EMPTY=\0", 18));
  EXPECT_EQ(g.call("args_get", memory_size - 8, 128), fault);
  EXPECT_EQ(g.call("args_get", 64, memory_size - 10), fault);
  EXPECT_EQ(g.call("args_sizes_get", 16, memory_size - 3), fault);
}

TEST(WasiProcess, TheOutputEndsAtItsLimit) {
  Guest g({.limits = {.output = ByteCount(10)}});
  EXPECT_EQ(g.write(1, "12345"), ok);
  EXPECT_EQ(g.write(2, "err"), ok);
  EXPECT_EQ(g.write(0, "x"), 76);
  EXPECT_EQ(g.write(1, "678"), ended);
  EXPECT_EQ(g.streams.out, "1234567");
  EXPECT_EQ(g.streams.err, "err");
  EXPECT_EQ(g.end()->end, End::trapped);
  EXPECT_EQ(g.end()->reason, "output limit of 10B reached");
}

TEST(WasiProcess, InputIsReadLazilyAndNotLost) {
  Guest g({});
  g.streams.input = "one two";
  EXPECT_EQ(g.streams.reads, 0u);
  g.set(Guest::vectors, IoVector{Guest::buffer, 3});
  EXPECT_EQ(g.call("fd_read", 0, Guest::vectors, 1, memory_size), fault);  // nowhere to say how much: nothing is taken
  g.set(Guest::vectors, IoVector{memory_size - 1, 3});
  EXPECT_EQ(g.call("fd_read", 0, Guest::vectors, 1, Guest::result), fault);
  EXPECT_EQ(g.streams.reads, 0u);
  EXPECT_EQ(g.read(0, 3), "one");
  EXPECT_EQ(g.read(0, 0), "");
  EXPECT_EQ(g.streams.reads, 1u);
  EXPECT_EQ(g.read(0), " two");
  EXPECT_EQ(g.read(0), "");
  EXPECT_EQ(g.read(1), "errno 76");
  EXPECT_EQ(g.call("fd_pread", 0, Guest::vectors, 1, 0ull, Guest::result), 70);
}

TEST(WasiProcess, WaitingForInputEndsWithTheTask) {
  Guest g({});
  g.streams.fail = Error{Code::exhausted, "deadline", {}, {}};
  EXPECT_EQ(g.read(0), "errno -1");
  EXPECT_EQ(g.end()->end, End::timed_out);
  Guest broken({});
  broken.streams.fail = Error{Code::unavailable, "pipe", {}, {}};
  EXPECT_EQ(broken.read(0), "errno 29");
}

TEST(WasiProcess, VirtualTimeMovesAndSleepsCostNothing) {
  Guest g({});
  const auto now = [&](int clock) {
    EXPECT_EQ(g.call("clock_time_get", clock, 0ull, 16), ok);
    return g.get<std::uint64_t>(16);
  };
  const auto a = now(0), b = now(0);
  EXPECT_GE(a, 1'763'700'000'000'000'000u);
  EXPECT_GT(b, a);
  const auto before = now(1);
  Subscription sleep{};
  sleep.userdata = 42;
  sleep.clock.id = 1;
  sleep.clock.timeout = 3'600'000'000'000;  // an hour
  g.set(512, sleep);
  EXPECT_EQ(g.call("poll_oneoff", 512, 1024, 1, 16), ok);
  EXPECT_EQ(g.get<std::uint32_t>(16), 1u);
  EXPECT_EQ(g.get<Event>(1024).userdata, 42u);
  EXPECT_GE(now(1) - before, sleep.clock.timeout);
  EXPECT_EQ(g.call("clock_time_get", 4, 0ull, 16), inval);
  EXPECT_EQ(g.call("clock_time_get", 0, 0ull, memory_size - 7), fault);
  EXPECT_EQ(g.call("clock_res_get", 3, 16), ok);
  EXPECT_EQ(g.call("clock_res_get", 9, 16), inval);
  sleep.clock.timeout = ~0ull;  // for ever, again and again: time stops, nothing overflows
  g.set(512, sleep);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(g.call("poll_oneoff", 512, 1024, 1, 16), ok);
}

TEST(WasiProcess, PollsTheEarliest) {
  Guest g({});
  Subscription late{}, soon{}, input{}, bad{};
  late.userdata = 1, late.clock.id = 1, late.clock.timeout = 1'000'000'000;
  soon.userdata = 2, soon.clock.id = 0, soon.clock.timeout = 1'000'000;
  input.userdata = 3, input.kind = EventKind::fd_read, input.descriptor = 0;
  bad.userdata = 4, bad.kind = EventKind::fd_write, bad.descriptor = 99;
  const auto at = [](std::uint32_t i) { return 512 + i * static_cast<std::uint32_t>(sizeof(Subscription)); };
  g.set(at(0), late), g.set(at(1), soon);
  EXPECT_EQ(g.call("poll_oneoff", 512, 2048, 2, 16), ok);
  EXPECT_EQ(g.get<std::uint32_t>(16), 1u);
  EXPECT_EQ(g.get<Event>(2048).userdata, 2u);
  g.set(at(1), input), g.set(at(2), bad);
  EXPECT_EQ(g.call("poll_oneoff", 512, 2048, 3, 16), ok);
  EXPECT_EQ(g.get<std::uint32_t>(16), 2u);
  EXPECT_EQ(g.get<Event>(2048).userdata, 3u);
  EXPECT_EQ(g.get<Event>(2048 + sizeof(Event)).error, Errno::badf);
  EXPECT_EQ(g.call("poll_oneoff", 512, 2048, 0, 16), inval);
  EXPECT_EQ(g.call("poll_oneoff", 512, 2048, 0x10000000, 16), inval);
  EXPECT_EQ(g.call("poll_oneoff", 512, memory_size - 31, 1, 16), fault);
  bad.kind = static_cast<EventKind>(7);
  g.set(at(0), bad);
  EXPECT_EQ(g.call("poll_oneoff", 512, 2048, 1, 16), inval);
}

TEST(WasiProcess, ARealSleepEndsWithTheTask) {
  Guest g({.grants = {"clock.real"}, .limits = {.time = std::chrono::milliseconds(50)}});
  Subscription sleep{};
  sleep.clock.id = 1;
  sleep.clock.timeout = 3'600'000'000'000;
  g.set(512, sleep);
  EXPECT_EQ(g.call("poll_oneoff", 512, 1024, 1, 16), ended);
  EXPECT_EQ(g.end()->end, End::timed_out);
  Guest cancelled({.grants = {"clock.real"}});
  cancelled.cancellation.request();
  cancelled.set(512, sleep);
  EXPECT_EQ(cancelled.call("poll_oneoff", 512, 1024, 1, 16), ended);
  EXPECT_EQ(cancelled.end()->end, End::cancelled);
}

TEST(WasiProcess, ARealSleepIsOnRecordFromItsBeginningToItsEnd) {
  World w;
  w.grants = {"clock.real"};
  w.limits.time = std::chrono::milliseconds(50);
  Guest g(w);
  Subscription sleep{};
  sleep.clock.id = 1;
  sleep.clock.timeout = 2'000'000;
  g.set(512, sleep);
  EXPECT_EQ(g.call("poll_oneoff", 512, 1024, 1, 16), ok);
  sleep.clock.timeout = 3'600'000'000'000;
  g.set(512, sleep);
  EXPECT_EQ(g.call("poll_oneoff", 512, 1024, 1, 16), ended);
  std::vector<effect::Entry> slept = g.effects();
  std::erase_if(slept, [](const auto& e) { return e.ending == effect::Ending::none; });  // that looked at the clock
  ASSERT_EQ(slept.size(), 2u);
  EXPECT_EQ(slept[0].kind, effect::Kind::clock_real);
  EXPECT_EQ(slept[0].ending, effect::Ending::done);
  EXPECT_GE(slept[0].duration, 2'000'000u);
  EXPECT_EQ(slept[1].ending, effect::Ending::failed) << "the task's time was over first";
}

TEST(WasiProcess, RandomnessIsSeededAndFillsExactly) {
  Guest g({}), same({});
  EXPECT_EQ(g.call("random_get", 100, 32), ok);
  EXPECT_EQ(same.call("random_get", 100, 32), ok);
  EXPECT_EQ(g.memory, same.memory);
  EXPECT_EQ(g.text(96, 4), std::string(4, '\0'));
  EXPECT_EQ(g.text(132, 4), std::string(4, '\0'));
  EXPECT_NE(g.text(100, 32), std::string(32, '\0'));
  EXPECT_EQ(g.call("random_get", memory_size - 31, 32), fault);
  EXPECT_EQ(g.call("random_get", 100, 0xffffffffu), fault);
  EXPECT_EQ(g.call("random_get", memory_size, 0), ok);
}

TEST(WasiProcess, ExitCodesAreWhatAShellSees) {
  const auto exit_code = [](std::uint32_t code) {
    Guest g({});
    EXPECT_EQ(g.call("proc_exit", code), ended);
    EXPECT_EQ(g.end()->end, End::completed);
    return g.end()->exit_code;
  };
  EXPECT_EQ(exit_code(0), 0);
  EXPECT_EQ(exit_code(3), 3);
  EXPECT_EQ(exit_code(0xffffffff), 255);
  EXPECT_EQ(exit_code(256), 255);  // no failure becomes success
  EXPECT_EQ(exit_code(1u << 31), 255);
}

TEST(WasiProcess, TheRootIsTheOnePreopenedFolder) {
  Guest g({});
  EXPECT_EQ(g.call("fd_prestat_get", 3, 16), ok);
  EXPECT_EQ(g.get<Prestat>(16).name_length, 1u);
  EXPECT_EQ(g.call("fd_prestat_get", 4, 16), badf);
  EXPECT_EQ(g.call("fd_prestat_dir_name", 3, 16, 1), ok);
  EXPECT_EQ(g.text(16, 2), std::string("/\0", 2));
  EXPECT_EQ(g.call("fd_prestat_dir_name", 3, 16, 0), 37);
  EXPECT_EQ(g.call("fd_prestat_dir_name", 3, memory_size, 1), fault);
  EXPECT_EQ(g.call("fd_fdstat_get", 3, 64), ok);
  EXPECT_EQ(g.get<DescriptorStat>(64).kind, FileKind::directory);
  EXPECT_EQ(g.call("fd_fdstat_get", 1, 64), ok);
  EXPECT_EQ(g.get<DescriptorStat>(64).kind, FileKind::unknown);
  EXPECT_EQ(g.call("sched_yield"), ok);
  EXPECT_EQ(g.call("fd_sync", 3), ok);
  EXPECT_EQ(g.call("fd_sync", 50), badf);
}

TEST(WasiFunctions, AreAll46AndDocumented) {
  const auto all = functions();
  ASSERT_EQ(all.size(), 46u);
  std::ifstream file(WRIT_SOURCE_DIR "/docs/wasi.md");
  const std::string document{std::istreambuf_iterator<char>(file), {}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i > 0) {
      EXPECT_LT(all[i - 1].name, all[i].name);
    }
    const std::string row = "| `" + std::string(all[i].name) + "` | " + (all[i].call ? "" : "`ENOSYS`: ") + std::string(all[i].meaning) + " |\n";
    EXPECT_NE(document.find(row), std::string::npos) << "docs/wasi.md should have: " << row;
    EXPECT_EQ(all[i].parameters.find_first_not_of("iI"), std::string_view::npos);
  }
}

}  // namespace
}  // namespace writ::guest::wasm::wasi
