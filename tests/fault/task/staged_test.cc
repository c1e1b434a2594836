// Every operation on the store's files fails once while a task is staged, committed, discarded or undone: an I/O error, a
// full disk, a power cut. Afterwards the store is as before or the work is done, whole, with its receipt, and it goes on.
#include <gtest/gtest.h>

#include "tests/fault/store/failing_disk.h"
#include "tests/fault/store/seed.h"
#include "tests/fault/task/staged_place.h"
#include "writ/store/testing_folder.h"

namespace writ::task {
namespace {

using store::FailingDisk;
using store::Fault;
using store::Image;

void fail_everywhere(Work what, Fault fault) {
  FailingDisk& disk = FailingDisk::instance();
  const std::uint64_t seed = store::test_seed();
  std::mt19937_64 random(seed);
  const store::TestingFolder made;
  const StagedPlace place = make_place(made.path());
  store::OpenOptions options;
  options.log_limit = ByteCount(1);  // the log is moved into the file after each commit, which can fail too
  options.disk = FailingDisk::name;
  std::uint64_t fired = 0, done = 0;
  for (std::uint64_t at = 1;; ++at) {
    const store::TestingFolder folder;
    std::filesystem::copy(made.path(), folder.path(), std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
    disk.arm(fault, at);
    bool acknowledged = false;
    if (const auto store = store::Store::open(folder.path(), options)) {
      const auto report = work(**store, place, what);
      acknowledged = report && report->state != State::discarded;
      if (what == Work::discard) acknowledged = report.has_value();
    }
    if (!disk.fired()) {
      EXPECT_TRUE(acknowledged) << "undisturbed, it works";
      break;
    }
    ++fired;
    std::vector<store::TestingFolder> left(3);
    const std::array<Image, 3> images{Image::synced, Image::written, Image::torn};
    for (std::size_t i = 0; i < images.size(); ++i) disk.leave_image(folder.path(), left[i].path(), images[i], random);
    disk.arm(Fault::none, 0);
    for (std::size_t i = 0; i < images.size(); ++i) {
      const std::string when = std::string(work_names[static_cast<std::size_t>(what)]) + ", operation " + std::to_string(at) + ", image " +
                               std::to_string(i) + ", seed " + std::to_string(seed);
      const Found found = check(left[i].path(), place, what, options, when);
      if (acknowledged) { EXPECT_EQ(found, Found::done) << when << ": it said that it was done"; }
      done += found == Found::done ? 1 : 0;
    }
    if (::testing::Test::HasFailure()) break;  // one report is enough
  }
  std::printf("%s: N = %llu operations failed one by one, 3 images each, %llu of them with the work done, seed %llu\n",
              std::string(work_names[static_cast<std::size_t>(what)]).c_str(), static_cast<unsigned long long>(fired),
              static_cast<unsigned long long>(done), static_cast<unsigned long long>(seed));
  EXPECT_GT(fired, 0u);
}

class StagedFault : public ::testing::TestWithParam<std::tuple<Work, Fault>> {};
TEST_P(StagedFault, AtEveryOperation) { fail_everywhere(std::get<0>(GetParam()), std::get<1>(GetParam())); }
INSTANTIATE_TEST_SUITE_P(Work, StagedFault,
                         ::testing::Combine(::testing::Values(Work::stage, Work::commit, Work::discard, Work::undo),
                                            ::testing::Values(Fault::error, Fault::full, Fault::power_cut)));

// A store that cannot be written: everything that looks works, everything that changes says why not.
TEST(StagedPlace, OnAStoreThatMayOnlyBeRead) {
  const store::TestingFolder made;
  const StagedPlace place = make_place(made.path());
  store::OpenOptions options;
  options.access = store::Access::read;
  const auto store = store::Store::open(made.path(), options);
  ASSERT_TRUE(store) << store.error().text();
  EXPECT_TRUE(*find_staged(*(*store)->snapshot(), place.staged, Bodies::load));
  for (const Work what : {Work::stage, Work::commit, Work::discard, Work::undo})
    EXPECT_EQ(work(**store, place, what).error().code, Code::denied);
}

}  // namespace
}  // namespace writ::task
