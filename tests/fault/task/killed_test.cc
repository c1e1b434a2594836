// Processes that are killed (SIGKILL) while they stage, commit, discard and undo. A small number by default; WRIT_SOAK=1
// kills for longer.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "tests/fault/store/seed.h"
#include "tests/fault/task/staged_place.h"
#include "writ/store/testing_folder.h"

namespace writ::task {
namespace {

TEST(Killed, AtRandomPointsOfSettlementAndUndo) {
  const int rounds = std::getenv("WRIT_SOAK") != nullptr ? 400 : 24;
  const std::uint64_t seed = store::test_seed();
  std::mt19937_64 random(seed);
  const store::TestingFolder made;
  const StagedPlace place = make_place(made.path());
  int killed = 0, done = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto what = static_cast<Work>(round % 4);
    const store::TestingFolder folder;
    std::filesystem::copy(made.path(), folder.path(), std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
    const pid_t child = ::fork();
    if (child == 0) {
      store::OpenOptions options;
      const auto store = store::Store::open(folder.path(), options);
      if (!store || !work(**store, place, what)) ::_exit(1);
      ::_exit(0);
    }
    ::usleep(static_cast<unsigned>(random() % 12'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    const bool survived = WIFEXITED(status);
    if (survived) { EXPECT_EQ(WEXITSTATUS(status), 0); }
    killed += survived ? 0 : 1;
    const Found found = check(folder.path(), place, what, test_options(), "round " + std::to_string(round) + ", seed " + std::to_string(seed));
    if (survived) { EXPECT_EQ(found, Found::done); }
    done += found == Found::done ? 1 : 0;
    if (::testing::Test::HasFailure()) break;
  }
  std::printf("N = %d processes killed of %d, the work was done in %d, seed %llu\n", killed, rounds, done, static_cast<unsigned long long>(seed));
}

}  // namespace
}  // namespace writ::task
