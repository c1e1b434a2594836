// Random and extreme arguments to every function, over a buffer that ends where the memory ends: under the address
// sanitizer any touch beyond it is an error. The guest's own pages are compared too: a call that failed changed nothing.
#include <random>

#include "guest.h"

namespace writ::guest::wasm::wasi {
namespace {

constexpr std::array<std::uint64_t, 24> extremes{0,          1,          2,          3,          4,           5,
                                                 8,          16,         100,        1024,       4096,        memory_size - 8,
                                                 memory_size - 1, memory_size, memory_size + 1, 0x7fffffff, 0x80000000, 0xfffffff0,
                                                 0xffffffff, 1ull << 32, 1ull << 40, 1ull << 62, 1ull << 63,  ~0ull};

World world(const std::string& folder) {
  return {.grants = {"state.read:a/", "state.write:a/", "env:HOME", "file.read:" + folder + "/"},
          .environment = {"HOME=/"},
          .objects = {{"a/1", "one"}, {"a/b/2", "two"}},
          .limits = {.output = 64 * KiB, .time = std::chrono::seconds(1), .files = 32}};
}

class Words {
 public:
  explicit Words(std::uint32_t seed) : random_(seed) {}
  std::uint64_t next(char kind) {
    switch (random_() % 4) {
      case 0: return extremes[random_() % extremes.size()];
      case 1: return random_() % 8;  // descriptors, flags
      case 2: return 64 + random_() % 512;
      default: return kind == 'I' ? (std::uint64_t{random_()} << 32 | random_()) : random_();
    }
  }
  std::mt19937 random_;
};

// Half of the memory is made of paths and records that a call might read.
void furnish(Guest& g, Words& words) {
  constexpr std::array<std::string_view, 12> paths{"/state/a/1", "/state/a/new", "state/a", "..", ".", "/", "/etc/passwd", "/state/a/b/2",
                                                   "/state", "a/../../x", "\xff\xfe", "/state/a/b"};
  for (std::uint32_t at = 64; at < 1024; at += 16) {
    const auto path = paths[words.random_() % paths.size()];
    std::memcpy(g.memory.data() + at, path.data(), path.size());
  }
  for (std::uint32_t at = 1024; at < 8192; at += 8)
    g.set(at, IoVector{static_cast<std::uint32_t>(words.next('i')), static_cast<std::uint32_t>(words.next('i'))});
}

TEST(WasiHostile, RandomArgumentsNeverHarm) {
  const std::uint32_t seed = 20261121;
  TemporaryFolder folder;
  std::ofstream(folder.path() + "/file") << "content";
  Words words(seed);
  const auto all = functions();
  std::size_t ends = 0;
  for (int round = 0; round < 25; ++round) {
    Guest g(world(folder.path()));
    g.streams.input = std::string(1000, 'i');
    furnish(g, words);
    for (int step = 0; step < 1500; ++step) {
      const std::size_t f = words.random_() % all.size();
      if (all[f].name == "proc_exit" || all[f].name == "proc_raise") continue;
      std::vector<std::uint64_t> arguments;
      for (const char kind : all[f].parameters) arguments.push_back(words.next(kind));
      const auto answer = g.raw(f, arguments);
      if (!answer) break;
      ASSERT_LE(*answer, 76u) << all[f].name;
    }
    if (!g.end()) continue;
    ++ends;
    EXPECT_TRUE(g.end()->end == End::trapped || g.end()->end == End::timed_out) << "seed " << seed << " round " << round;
  }
  EXPECT_LT(ends, 25u);
}

// Every parameter in turn at every extreme, the others honest: a refused call leaves memory as it was.
TEST(WasiHostile, ARefusedCallChangesNothing) {
  const TemporaryFolder folder;
  const auto all = functions();
  for (std::size_t f = 0; f < all.size(); ++f) {
    if (all[f].name == "proc_exit" || all[f].name == "fd_close" || all[f].name == "fd_renumber") continue;
    Guest g(world(folder.path()));
    for (std::size_t p = 0; p < all[f].parameters.size(); ++p)
      for (const std::uint64_t extreme : extremes) {
        std::vector<std::uint64_t> arguments(all[f].parameters.size(), 64);
        arguments[0] = 3;
        arguments[p] = extreme;
        const auto before = g.memory;
        const auto answer = g.raw(f, arguments);
        if (!answer) break;
        if (*answer != 0) {
          EXPECT_EQ(g.memory, before) << all[f].name << " parameter " << p << " = " << extreme;
        }
      }
  }
}

TEST(WasiHostile, LyingVectors) {
  Guest g(world("/tmp"));
  const int fd = g.open("/state/a/1", right::read | right::write);
  const auto transfer = [&](const char* name, std::uint32_t at, std::uint32_t count) { return g.call(name, fd, at, count, Guest::result); };
  constexpr std::uint32_t at = 2048;
  for (const char* name : {"fd_read", "fd_write"}) {
    EXPECT_EQ(transfer(name, at, 1025), 28);
    EXPECT_EQ(transfer(name, at, 0xffffffff), 28);
    EXPECT_EQ(transfer(name, memory_size - 15, 2), 21);
    EXPECT_EQ(transfer(name, 0xfffffff8, 2), 21);  // wraps in 32 bits
    g.set(at, IoVector{0, memory_size}), g.set(at + 8, IoVector{0, 1});
    EXPECT_EQ(transfer(name, at, 2), 28);  // together longer than the memory
    g.set(at, IoVector{memory_size - 1, 1}), g.set(at + 8, IoVector{memory_size, 1});
    EXPECT_EQ(transfer(name, at, 2), 21);
    g.set(at, IoVector{1, 0xffffffff});
    EXPECT_EQ(transfer(name, at, 1), 21);
    g.set(at, IoVector{memory_size, 0});
    EXPECT_EQ(transfer(name, at, 1), 0);
    EXPECT_EQ(g.get<std::uint32_t>(Guest::result), 0u);
    EXPECT_EQ(transfer(name, at, 0), 0);
  }
  EXPECT_FALSE(g.staged("a/1"));
}

TEST(WasiHostile, AGuestWithoutMemory) {
  Guest g(world("/tmp"));
  g.memory.clear();
  const auto all = functions();
  for (std::size_t f = 0; f < all.size(); ++f) {
    if (all[f].name == "proc_exit" || all[f].name == "proc_raise") continue;
    const auto answer = g.raw(f, std::vector<std::uint64_t>(all[f].parameters.size(), 3));
    ASSERT_TRUE(answer) << all[f].name;
  }
}

TEST(WasiHostile, CallsThatDoNotExist) {
  Guest g({});
  EXPECT_FALSE(g.raw(46, {}));
  EXPECT_EQ(g.end()->end, End::trapped);
  Guest h({});
  EXPECT_FALSE(h.raw(0, {1}));  // too few words
}

// A folder that is opened a thousand times and read through each is not in the host's memory a thousand times.
TEST(WasiHostile, ListingsOfAllOpenFoldersTogetherAreBounded) {
  Guest g({.grants = {"state.read:a/"}, .objects = {{"a/1", "one"}}});
  const int first = g.open("/state/a", 0, open_directory), second = g.open("/state/a", 0, open_directory);
  ASSERT_GE(first, 0);
  Folder* large = g.descriptors().find(static_cast<std::uint32_t>(first))->folder();
  large->entries.resize(most_listed - 3);
  large->listed = true;
  EXPECT_EQ(g.names("/state/a"), "1");  // three entries, with . and ..
  large->entries.resize(most_listed - 2);
  EXPECT_EQ(g.call("fd_readdir", second, Guest::buffer, 4096, 0, Guest::result), static_cast<int>(Errno::nomem));
  EXPECT_EQ(g.call("fd_close", first), 0);
  EXPECT_EQ(g.call("fd_readdir", second, Guest::buffer, 4096, 0, Guest::result), 0);
}

}  // namespace
}  // namespace writ::guest::wasm::wasi
