// Good, trapping, spinning and denied guests in one process, many at once and one after the other, while signals come from
// outside: each ends as it should, and the process does not grow. 300 of them by default, 100,000 with WRIT_SOAK=1.
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <deque>
#include <fstream>
#include <thread>

#include "workshop.h"

namespace writ {
namespace {

namespace fs = std::filesystem;

struct Kind {
  const char* word;
  guest::End end;
  int exit_code;
};
constexpr std::array kinds{
    Kind{"good", guest::End::completed, 0},   Kind{"trap", guest::End::trapped, 0},  Kind{"good", guest::End::completed, 0},
    Kind{"denied", guest::End::completed, 3}, Kind{"wild", guest::End::trapped, 0},  Kind{"deep", guest::End::trapped, 0},
    Kind{"good", guest::End::completed, 0},   Kind{"spin", guest::End::timed_out, 0}, Kind{"grow", guest::End::completed, 4}};

// What a process may run out of.
struct Size {
  std::size_t mappings = 0, descriptors = 0, threads = 0, resident = 0;  // resident: KiB
};
Size size_now() {
  Size s;
  std::string line;
  for (std::ifstream maps("/proc/self/maps"); std::getline(maps, line);) ++s.mappings;
  for (std::ifstream status("/proc/self/status"); std::getline(status, line);)
    if (line.starts_with("VmRSS:")) s.resident = std::stoul(line.substr(6));
  s.descriptors = static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/self/fd"), {}));
  s.threads = static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/self/task"), {}));
  return s;
}

std::atomic<std::uint64_t> signals_taken = 0;

// Somebody who sends signals to the process and to each of its threads, for as long as it lives.
class Bombardment {
 public:
  Bombardment() {
    struct sigaction action {};
    action.sa_handler = [](int) { ++signals_taken; };
    action.sa_flags = SA_RESTART;
    EXPECT_EQ(::sigaction(SIGUSR1, &action, nullptr), 0);
    thread_ = std::thread([this] { send(); });
  }
  ~Bombardment() {
    over_ = true;
    thread_.join();
  }

 private:
  void send() {
    while (!over_) {
      ::kill(::getpid(), SIGUSR1);
      for (const auto& thread : fs::directory_iterator("/proc/self/task"))
        ::syscall(SYS_tgkill, ::getpid(), std::stoi(thread.path().filename()), SIGUSR1);
      std::this_thread::sleep_for(std::chrono::microseconds(300));
    }
  }
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

class Mixed : public ::testing::Test {
 protected:
  void SetUp() override { code_ = to_bytes(*read_file(WRIT_MIXED, 64 * MiB)); }
  task::Spec spec(const Kind& kind, std::size_t number) {
    task::Spec s;
    s.code_name = "mixed.wasm";
    s.code = code_;
    s.arguments = {kind.word, std::to_string(number % 50)};
    s.grants.push_back(*authority::parse_grant("state.write:good/", "/", system_clock().wall()));
    s.limits.memory = 16 * MiB;
    s.limits.time = std::string_view(kind.word) == "spin" ? Nanoseconds(std::chrono::milliseconds(20)) : Nanoseconds(std::chrono::seconds(120));
    return s;
  }
  // `count` tasks, at most 32 under way.
  void run(std::size_t count) {
    struct Waiting {
      const Kind* kind;
      runtime::Handle handle;
    };
    std::deque<Waiting> waiting;
    const auto settle_oldest = [&] {
      const auto report = waiting.front().handle.wait();
      const Kind& kind = *waiting.front().kind;
      ASSERT_TRUE(report) << kind.word << ": " << report.error().text();
      EXPECT_EQ(guest::name(report->outcome.end), guest::name(kind.end)) << kind.word << ": " << report->outcome.reason;
      EXPECT_EQ(report->outcome.exit_code, kind.exit_code) << kind.word;
      // Those that write the same object may lose a race; nothing else may keep a good one from its commit.
      const bool good = kind.exit_code == 0 && kind.end == guest::End::completed;
      EXPECT_EQ(report->settlement == proof::Settlement::committed, good && report->conflict.empty()) << kind.word;
      waiting.pop_front();
    };
    for (std::size_t i = 0; i < count && !HasFailure(); ++i) {
      const Kind& kind = kinds[next_++ % kinds.size()];
      if (waiting.size() == 32) settle_oldest();
      auto handle = shop_.runtime().submit(spec(kind, next_));
      ASSERT_TRUE(handle) << handle.error().text();
      waiting.push_back({&kind, std::move(*handle)});
    }
    while (!waiting.empty() && !HasFailure()) settle_oldest();
  }

  testing::Workshop shop_;
  Bytes code_;
  std::size_t next_ = 0;
};

TEST_F(Mixed, NothingGrowsAndEachEndsAsItShould) {
  const bool soak = std::getenv("WRIT_SOAK") != nullptr;
  const std::size_t all = soak ? 100'000 : 300, warm = all / 3;
  const Bombardment signals;
  run(warm);
  const Size before = size_now();
  run(all - warm);
  const Size after = size_now();
  std::printf("%zu tasks: mappings %zu to %zu, descriptors %zu to %zu, threads %zu to %zu, resident %zu to %zu KiB; %llu signals\n", all,
              before.mappings, after.mappings, before.descriptors, after.descriptors, before.threads, after.threads, before.resident,
              after.resident, static_cast<unsigned long long>(signals_taken.load()));
  // Caches of SQLite and the allocator may still fill; what is lost a task would show a thousand times as much.
  EXPECT_LE(after.mappings, before.mappings + 40);
  EXPECT_LE(after.descriptors, before.descriptors + 8 + after.threads);  // a thread that had nothing to wait for until now has one
  EXPECT_LE(after.threads, before.threads + 8);
  EXPECT_LE(after.resident, before.resident + 64 * 1024);
  EXPECT_GT(signals_taken, 10u);
  const auto audit = shop_.runtime().audit();
  ASSERT_TRUE(audit);
  EXPECT_EQ(audit->verified, all);
}

}  // namespace
}  // namespace writ
