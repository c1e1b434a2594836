// Several processes on one store, and processes that are killed: real ones, by SIGKILL.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <random>
#include <thread>

#include "seed.h"
#include "workload.h"
#include "writ/base/fd.h"
#include "writ/store/fsck.h"
#include "writ/store/testing_folder.h"

namespace writ::store {
namespace {

// Runs `work` in a child; its result is the exit status. A child never returns into the test.
pid_t in_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  return child;
}
int status_of(pid_t child) {
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
std::uint64_t number_in(const Bytes& body) { return std::stoull(std::string(as_text(body))); }

// Adds one to the counter, as a task does: read at a snapshot, commit if nobody was faster.
Result<void> increment(Store& store) {
  for (;;) {
    WRIT_TRY(const Reader before, store.snapshot());
    WRIT_TRY(const ObjectVersion version, before.version("counter"));
    std::uint64_t number = 0;
    if (version.value() != 0) {
      WRIT_TRY(const Bytes body, before.body("counter", version));
      number = number_in(body);
    }
    const auto written = store.write([&](Transaction& t) -> Result<void> {
      WRIT_CHECK(t.expect("counter", version));
      WRIT_CHECK(t.put_object("counter", as_bytes(std::to_string(number + 1))));
      return {};
    });
    if (written) return {};
    if (written.error().code != Code::conflict) return written.error();
  }
}

TEST(Processes, NoUpdateIsLostBetweenTwoProcessesOfFourThreads) {
  constexpr int processes = 2, threads = 4, increments = 25;
  const TestingFolder folder;
  { ASSERT_TRUE(Store::open(folder.path(), {.access = Access::create, .disk = {}})); }
  std::vector<pid_t> children;
  for (int p = 0; p < processes; ++p)
    children.push_back(in_child([&]() -> int {
      const auto store = Store::open(folder.path(), {.durability = Durability::none, .patience = std::chrono::seconds(60), .disk = {}});
      if (!store) return 2;
      std::atomic<int> failures = 0;
      std::vector<std::thread> running;
      for (int t = 0; t < threads; ++t)
        running.emplace_back([&] {
          for (int i = 0; i < increments; ++i) {
            const auto done = increment(**store);
            if (!done) std::fprintf(stderr, "%s\n", done.error().text().c_str()), ++failures;
          }
        });
      for (auto& t : running) t.join();
      return failures == 0 ? 0 : 1;
    }));
  for (const pid_t child : children) EXPECT_EQ(status_of(child), 0);
  const auto store = Store::open(folder.path(), {.disk = {}});
  ASSERT_TRUE(store);
  const Reader r = *(*store)->snapshot();
  constexpr std::uint64_t total = processes * threads * increments;
  EXPECT_EQ(*r.version("counter"), ObjectVersion(total));
  EXPECT_EQ(number_in(*r.body("counter", ObjectVersion(total))), total);
  EXPECT_EQ(r.sequence(), Sequence(total));
  const auto history = *r.history("counter");
  for (std::uint64_t i = 0; i < total; ++i) EXPECT_EQ(history[i].written, Sequence(i + 1));
  EXPECT_TRUE(fsck(folder.path(), Repair::report)->findings.empty());
}

TEST(Processes, AWriterThatIsHeldUpSaysSo) {
  const TestingFolder folder;
  const auto slow = Store::open(folder.path(), {.access = Access::create, .disk = {}});
  const auto quick = Store::open(folder.path(), {.patience = std::chrono::milliseconds(50), .disk = {}});
  ASSERT_TRUE(slow && quick);
  const auto written = (*slow)->write([&](Transaction& t) -> Result<void> {
    const auto refused = commit_number(**quick, 1);
    EXPECT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unavailable);
    EXPECT_NE(refused.error().hint.find("another process"), std::string::npos) << refused.error().text();
    EXPECT_TRUE((*quick)->snapshot());  // reading goes on
    return t.put_record("r", {}, {});
  });
  EXPECT_TRUE(written);
  EXPECT_EQ(*commit_number(**quick, 2), Sequence(2));
  EXPECT_EQ(*commit_number(**slow, 3), Sequence(3));  // and goes on where the other left off
}

TEST(Processes, TwoMakeOneStore) {
  for (int round = 0; round < 10; ++round) {
    const TestingFolder folder;
    std::vector<pid_t> children;
    for (int p = 0; p < 3; ++p)
      children.push_back(in_child([&] {
        const auto store = Store::open(folder.path() + "/s", {.access = Access::create, .durability = Durability::none, .disk = {}});
        return store && increment(**store) ? 0 : 1;
      }));
    for (const pid_t child : children) EXPECT_EQ(status_of(child), 0);
    EXPECT_EQ((*Store::open(folder.path() + "/s", {}))->snapshot()->sequence(), Sequence(3));
  }
}

// The child makes the store, opens it again and again, and reports each acknowledged number through a pipe.
int write_for_ever(const std::string& folder, int report) {
  for (std::uint64_t number = 1;;) {
    const auto store = Store::open(folder, {.access = Access::create, .log_limit = ByteCount(64 * 1024), .disk = {}});
    if (!store) return 1;
    for (int i = 0; i < 5; ++i, ++number) {
      if (!commit_number(**store, number)) return 2;
      if (::write(report, &number, sizeof number) != sizeof number) return 3;
    }
  }
}

TEST(Processes, KilledAtAnyMomentLeavesOldOrNew) {
  constexpr int rounds = 40;
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  std::uint64_t in_making = 0, commits = 0;
  for (int round = 0; round < rounds; ++round) {
    const TestingFolder parent;
    const std::string folder = parent.path() + "/s";
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = in_child([&] { return write_for_ever(folder, ends[1]); });
    ::close(ends[1]);
    const Fd reading(ends[0]);
    // Half of them early, while the store is made or opened for the first time; the others when it is in full swing.
    std::uint64_t acknowledged = 0, number = 0;
    if (round % 2 && ::read(reading.get(), &number, sizeof number) == sizeof number) acknowledged = number;
    ::usleep(static_cast<useconds_t>(random() % 30000));
    ::kill(child, SIGKILL);
    EXPECT_EQ(status_of(child), -1);
    while (::read(reading.get(), &number, sizeof number) == sizeof number) acknowledged = number;
    commits += acknowledged;
    if (!std::filesystem::exists(folder + "/writ.db")) {
      ++in_making;
      EXPECT_EQ(acknowledged, 0u);
      EXPECT_TRUE(Store::open(folder, {.access = Access::create, .disk = {}}));
    }
    const std::uint64_t found = verified_number(folder, {}, "round " + std::to_string(round) + " seed " + std::to_string(seed));
    EXPECT_TRUE(found == acknowledged || found == acknowledged + 1) << found << " after " << acknowledged;
  }
  std::printf("%d kills, %llu of them before the store was there, %llu commits, seed %llu\n", rounds, static_cast<unsigned long long>(in_making),
              static_cast<unsigned long long>(commits), static_cast<unsigned long long>(seed));
  EXPECT_GT(commits, 20u);
}

TEST(Processes, AReallyFullDiskLosesNothing) {
  const TestingFolder folder;
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=1m") != 0)
    GTEST_SKIP() << "not covered: a really full disk (needs the right to mount a tmpfs)";
  {
    std::ofstream(folder.path() + "/filler") << std::string(300 * 1024, 'x');
    const auto store = Store::open(folder.path() + "/s", {.access = Access::create, .log_limit = ByteCount(64 * 1024), .disk = {}});
    EXPECT_TRUE(store) << (store ? "" : store.error().text());
    std::uint64_t acknowledged = 0;
    for (std::uint64_t number = 1; store && number < 1000; ++number) {
      const auto written = commit_number(**store, number);
      if (!written) {
        EXPECT_EQ(written.error().code, Code::exhausted) << written.error().text();
        break;
      }
      acknowledged = number;
    }
    EXPECT_GT(acknowledged, 1u);
    EXPECT_LT(acknowledged, 999u);
    if (store) {
      EXPECT_EQ((*store)->snapshot()->sequence(), Sequence(acknowledged));
      EXPECT_EQ(**(*store)->snapshot()->record("last", as_bytes("number")), to_bytes(std::to_string(acknowledged)));
    }
    std::filesystem::remove(folder.path() + "/filler");
    if (store) { EXPECT_TRUE(commit_number(**store, acknowledged + 1)); }
    EXPECT_EQ(verified_number(folder.path() + "/s", {}, "after the full disk"), acknowledged + 1);
  }
  EXPECT_EQ(::umount2(folder.path().c_str(), MNT_DETACH), 0);
}

}  // namespace
}  // namespace writ::store
