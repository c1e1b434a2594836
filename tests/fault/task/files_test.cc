// The workspace journal under tasks: every operation on the host's files fails once, or the process ends there, while a task with
// files is staged, committed or undone. And processes killed at random moments of a commit and an undo.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "tests/fault/store/seed.h"
#include "tests/fault/task/files_place.h"
#include "writ/workspace/testing_files.h"

namespace writ::task {
namespace {

using workspace::testing::FailingFiles;

std::string name_of(Work what) { return std::string(work_names[static_cast<std::size_t>(what)]); }

std::uint64_t operations_of(Work what) {
  FilesWorld w;
  FailingFiles count;
  const auto store = *store::Store::open(w.own.path(), FilesWorld::options());
  const auto report = w.work(*store, count, what);
  EXPECT_TRUE(report && report->conflict.empty()) << (report ? report->conflict : report.error().text());
  return count.done;
}

void tell(Work what, std::string_view how, std::uint64_t n, std::uint64_t done) {
  std::printf("%s: N = %llu operations of the workspace journal %s, the work was done in %llu\n", name_of(what).c_str(),
              static_cast<unsigned long long>(n), std::string(how).c_str(), static_cast<unsigned long long>(done));
}

class FilesFault : public ::testing::TestWithParam<Work> {};

TEST_P(FilesFault, EveryOperationMayFail) {
  const Work what = GetParam();
  const auto operations = operations_of(what);
  std::uint64_t done = 0;
  for (std::uint64_t n = 1; n <= operations; ++n) {
    FilesWorld w;
    FailingFiles files;
    files.how = FailingFiles::How::fail;
    files.at = n;
    files.number = n % 2 == 0 ? EIO : ENOSPC;
    bool acknowledged = false;
    {
      const auto store = *store::Store::open(w.own.path(), FilesWorld::options());
      const auto report = w.work(*store, files, what);
      acknowledged = report && report->state != State::discarded;
    }
    const Found found = w.check(what, name_of(what) + ", operation " + std::to_string(n) + " of " + std::to_string(operations));
    if (acknowledged) { EXPECT_EQ(found, Found::done) << n << ": it said that it was done"; }
    done += found == Found::done ? 1 : 0;
    if (HasFailure()) break;  // one report is enough
  }
  tell(what, "failed one by one", operations, done);
  EXPECT_GT(operations, 0u);
}

TEST_P(FilesFault, TheProcessMayEndAnywhere) {
  const Work what = GetParam();
  const auto operations = operations_of(what);
  std::uint64_t done = 0;
  for (std::uint64_t n = 1; n <= operations; ++n) {
    FilesWorld w;
    const pid_t child = ::fork();
    if (child == 0) {
      const auto store = store::Store::open(w.own.path(), FilesWorld::options());
      FailingFiles files;
      files.how = FailingFiles::How::die;
      files.at = n;
      if (store) (void)!w.work(**store, files, what).has_value();
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == FailingFiles::died) << n;
    done += w.check(what, name_of(what) + ", ended at operation " + std::to_string(n)) == Found::done ? 1 : 0;
    if (HasFailure()) break;
  }
  tell(what, "ended the process one by one", operations, done);
}

INSTANTIATE_TEST_SUITE_P(Work, FilesFault, ::testing::Values(Work::stage, Work::commit, Work::undo),
                         [](const auto& tested) { return name_of(tested.param); });

TEST(FilesKilled, AtRandomPointsOfACommitAndAnUndo) {
  const int rounds = std::getenv("WRIT_SOAK") != nullptr ? 600 : 24;
  const std::uint64_t seed = store::test_seed();
  std::mt19937_64 random(seed);
  std::array<std::uint64_t, 4> window;
  window.fill(10'000);  // microseconds: follows how long the work takes here and now
  int killed = 0, done = 0;
  for (int round = 0; round < rounds; ++round) {
    const Work what = round % 2 == 0 ? Work::commit : Work::undo;
    auto& w_time = window[static_cast<std::size_t>(what)];
    FilesWorld w;
    const pid_t child = ::fork();
    if (child == 0) {
      store::OpenOptions options;
      const auto store = store::Store::open(w.own.path(), options);
      if (!store || !w.work(**store, workspace::host_files(), what)) ::_exit(1);
      ::_exit(0);
    }
    ::usleep(static_cast<unsigned>(random() % w_time));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    const bool survived = WIFEXITED(status);
    if (survived) { EXPECT_EQ(WEXITSTATUS(status), 0); }
    killed += survived ? 0 : 1;
    const Found found = w.check(what, name_of(what) + ", round " + std::to_string(round) + ", seed " + std::to_string(seed));
    if (survived) { EXPECT_EQ(found, Found::done); }
    done += found == Found::done ? 1 : 0;
    w_time = std::max<std::uint64_t>(500, found == Found::done ? w_time * 3 / 4 : w_time * 3 / 2);
    if (HasFailure()) break;
  }
  std::printf("N = %d processes killed of %d, the work was done in %d, seed %llu\n", killed, rounds, done, static_cast<unsigned long long>(seed));
  EXPECT_GT(killed, 0);
}

}  // namespace
}  // namespace writ::task
