// Every operation on the store's files fails once, for each way of failing: an I/O error, a full disk, a power cut. Then the
// store is opened again, from what the program saw and from what a disk would hold, and must be old or new, sound, and go on.
#include <gtest/gtest.h>

#include "failing_disk.h"
#include "seed.h"
#include "workload.h"
#include "writ/store/testing_folder.h"

namespace writ::store {
namespace {

enum class Then { nothing, power_cut };  // the power cut comes some operations later

struct Progress {
  std::uint64_t acknowledged = 0;  // the highest number whose write() returned a Sequence
  std::uint64_t attempted = 0;
  bool poisoned = false;
  std::vector<std::string> surprises;
};

bool expected_code(Code code, Fault fault) {
  switch (fault) {
    case Fault::none: return false;
    case Fault::full: return code == Code::exhausted;
    case Fault::error:
    case Fault::power_cut: return code == Code::unavailable || code == Code::poisoned;
  }
  return false;
}

// Two sessions on one store, with a checkpoint after each commit and at each end. mend: whether the disk recovers after the
// first failure, as a full one does when room is made.
Progress work(const std::string& folder, Fault fault, Durability durability, Then then = Then::nothing) {
  Progress progress;
  const bool power_stays = fault != Fault::power_cut && then == Then::nothing;
  FailingDisk& disk = FailingDisk::instance();
  std::uint64_t number = 0;
  const auto note = [&](const Error& error, const char* doing) {
    if (!expected_code(error.code, fault))
      progress.surprises.push_back(std::string(doing) + ": " + std::string(name(error.code)) + " " + error.text());
    if (error.code == Code::poisoned) progress.poisoned = true;
    if (fault == Fault::full) disk.mend();
  };
  for (int session = 0; session < sessions; ++session) {
    const auto store = Store::open(folder, {.durability = durability, .log_limit = ByteCount(1), .disk = FailingDisk::name});
    if (!store) {
      note(store.error(), "open");
      number += commits_each_session;
      continue;
    }
    bool failed_before = false;
    for (int i = 0; i < commits_each_session; ++i) {
      ++number;
      progress.attempted = number;
      const auto written = commit_number(**store, number);
      if (written) {
        progress.acknowledged = number;
        continue;
      }
      // Whatever failed once, the next one works: only a refused sync ends the writing.
      if (failed_before && power_stays && written.error().code != Code::poisoned)
        progress.surprises.push_back("a second failure: " + written.error().text());
      failed_before = true;
      note(written.error(), "write");
      if (const auto reader = (*store)->snapshot(); !reader && power_stays)
        progress.surprises.push_back("no reading after a failed write: " + reader.error().text());
    }
  }
  return progress;
}

void fail_at_every_operation(Fault fault, Durability durability, std::vector<Image> images, Then then = Then::nothing) {
  FailingDisk& disk = FailingDisk::instance();
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  const TestingFolder made;
  { ASSERT_TRUE(Store::open(made.path(), {.access = Access::create, .disk = {}})); }
  std::uint64_t at = 1, fired = 0, total = 0;
  for (;; ++at) {
    const TestingFolder folder;
    std::filesystem::copy(made.path(), folder.path(), std::filesystem::copy_options::recursive);
    disk.arm(fault, at);
    if (then == Then::power_cut) disk.cut_power_after(random() % 60);
    const Progress progress = work(folder.path(), fault, durability, then);
    total = disk.operations();
    if (!disk.fired()) break;
    ++fired;
    for (const std::string& s : progress.surprises) ADD_FAILURE() << "operation " << at << ": " << s;
    std::vector<TestingFolder> left(images.size());
    for (std::size_t i = 0; i < images.size(); ++i) disk.leave_image(folder.path(), left[i].path(), images[i], random);
    disk.arm(Fault::none, 0);  // from here it only spares the test the real syncs
    for (std::size_t i = 0; i < images.size(); ++i) {
      const Image image = images[i];
      const TestingFolder& after = left[i];
      const std::string what = "operation " + std::to_string(at) + ", image " + std::to_string(static_cast<int>(image)) +
                               ", seed " + std::to_string(seed);
      const std::uint64_t found = verified_number(after.path(), FailingDisk::name, what);
      if (durability != Durability::none || image == Image::written) { EXPECT_GE(found, progress.acknowledged) << what; }
      EXPECT_LE(found, progress.attempted) << what;
      // Nothing between the acknowledged and the last one tried: a refused commit never comes back, unless its sync failed.
      if (found > progress.acknowledged) { EXPECT_TRUE(progress.poisoned || fault == Fault::power_cut || then == Then::power_cut) << what; }
      const auto store = Store::open(after.path(), {.disk = FailingDisk::name});
      ASSERT_TRUE(store) << what;
      EXPECT_TRUE(commit_number(**store, 100)) << what;
    }
    if (::testing::Test::HasFailure()) break;  // one report is enough
  }
  std::printf("N = %llu operations failed one by one (of %llu in an undisturbed run), %zu images each, seed %llu\n",
              static_cast<unsigned long long>(fired), static_cast<unsigned long long>(total), images.size(), static_cast<unsigned long long>(seed));
  EXPECT_GT(fired, 100u);
}

void fail_at_every_sync(Durability durability) {
  FailingDisk& disk = FailingDisk::instance();
  std::mt19937_64 random(test_seed());
  // After the first sync every cut, always: the log that it lost is the first thing that the next session finds.
  const std::uint64_t step = std::getenv("WRIT_SOAK") ? 1 : 7;
  const TestingFolder made;
  { ASSERT_TRUE(Store::open(made.path(), {.access = Access::create, .disk = {}})); }
  std::uint64_t syncs = 0, cuts = 0;
  bool fired = true;
  for (std::uint64_t at = 1; fired; ++at) {
    // Cut later and later, until the work ends before the power does.
    bool cut = true, counted = false;
    for (std::uint64_t after = syncs <= 1 ? 0 : random() % step; cut; after += syncs <= 1 ? 1 : step) {
      const TestingFolder folder, left;
      std::filesystem::copy(made.path(), folder.path(), std::filesystem::copy_options::recursive);
      disk.arm(Fault::error, at);
      disk.cut_power_after(after);
      const Progress progress = work(folder.path(), Fault::error, durability, Then::power_cut);
      fired = disk.fired();
      if (!fired || disk.failed() != FailingDisk::Operation::sync) break;
      cut = disk.operations() > at + after;
      syncs += counted ? 0 : 1, ++cuts;
      counted = true;
      disk.leave_image(folder.path(), left.path(), Image::synced, random);
      disk.arm(Fault::none, 0);
      const std::string what = "sync at operation " + std::to_string(at) + ", power cut " + std::to_string(after) + " later";
      const std::uint64_t found = verified_number(left.path(), FailingDisk::name, what);
      if (durability != Durability::none) { EXPECT_GE(found, progress.acknowledged) << what; }
      EXPECT_LE(found, progress.attempted) << what;
      if (::testing::Test::HasFailure()) return;
    }
  }
  std::printf("N = %llu syncs failed, with %llu power cuts\n", static_cast<unsigned long long>(syncs), static_cast<unsigned long long>(cuts));
  EXPECT_GT(syncs, 10u);
}

TEST(EveryOperation, UndisturbedRunIsCounted) {
  const TestingFolder folder;
  { ASSERT_TRUE(Store::open(folder.path(), {.access = Access::create, .disk = {}})); }
  FailingDisk::instance().arm(Fault::none, 0);
  const Progress progress = work(folder.path(), Fault::none, Durability::sync);
  EXPECT_EQ(progress.acknowledged, static_cast<std::uint64_t>(commits_each_session * sessions));
  EXPECT_EQ(verified_number(folder.path(), {}, "undisturbed"), progress.acknowledged);
  EXPECT_GT(FailingDisk::instance().operations(), 100u);
}

// A creation that fails leaves no store, and the next one succeeds.
TEST(EveryOperation, OfACreation) {
  FailingDisk& disk = FailingDisk::instance();
  for (const Fault fault : {Fault::error, Fault::full}) {
    std::uint64_t failed = 0;
    for (std::uint64_t at = 1;; ++at) {
      const TestingFolder folder;
      disk.arm(fault, at);
      const auto made = Store::open(folder.path(), {.access = Access::create, .disk = FailingDisk::name});
      const bool fired = disk.fired();
      if (!made) {
        ++failed;
        EXPECT_TRUE(expected_code(made.error().code, fault)) << at << ": " << made.error().text();
      }
      disk.mend();
      const auto again = Store::open(folder.path(), {.access = Access::create, .disk = FailingDisk::name});
      ASSERT_TRUE(again) << at << ": " << again.error().text();
      EXPECT_TRUE(commit_number(**again, 1)) << at;
      EXPECT_EQ(verified_number(folder.path(), {}, "creation, operation " + std::to_string(at)), 1u);
      if (!fired || HasFailure()) break;
    }
    std::printf("%llu operations of a creation failed\n", static_cast<unsigned long long>(failed));
    EXPECT_GT(failed, 10u);
  }
}

TEST(EveryOperation, IoError) { fail_at_every_operation(Fault::error, Durability::sync, {Image::written, Image::synced, Image::torn}); }
TEST(EveryOperation, FullDisk) { fail_at_every_operation(Fault::full, Durability::sync, {Image::written, Image::synced}); }
TEST(EveryOperation, PowerCut) {
  fail_at_every_operation(Fault::power_cut, Durability::sync, {Image::written, Image::synced, Image::torn, Image::torn});
}
// A sync that fails loses what it should have synced, and the next one says that all is well.
TEST(EveryOperation, IoErrorAndSoonAPowerCut) {
  fail_at_every_operation(Fault::error, Durability::sync, {Image::synced, Image::torn}, Then::power_cut);
  fail_at_every_operation(Fault::error, Durability::none, {Image::synced, Image::torn}, Then::power_cut);
}
// The same where it hurts most, and with nothing left to luck: each sync fails, and after it the power is cut at each of the
// operations that follow. What the failed sync lost is still to be seen in the page cache, and nothing may be built on it.
TEST(EveryOperation, AFailedSyncAndAPowerCutAtEachOperationAfterIt) {
  for (const Durability durability : {Durability::sync, Durability::none}) fail_at_every_sync(durability);
}
// What fails half-way inside a change is not committed, even if the change goes on as if nothing had happened.
TEST(EveryOperation, AHeedlessChangeCommitsAllOrNothing) {
  const TestingFolder made;
  {
    const auto store = Store::open(made.path(), {.access = Access::create, .log_limit = ByteCount(1), .disk = {}});
    ASSERT_TRUE(store && commit_number(**store, 1));
  }
  std::uint64_t at = 1, failed = 0;
  for (;; ++at) {
    const TestingFolder folder;
    std::filesystem::copy(made.path(), folder.path(), std::filesystem::copy_options::recursive);
    FailingDisk::instance().arm(Fault::error, at);
    bool written = false;
    if (const auto store = Store::open(folder.path(), {.disk = FailingDisk::name})) written = commit_number_heedlessly(**store, 2).has_value();
    if (!FailingDisk::instance().fired()) break;
    FailingDisk::instance().mend();
    if (!written) ++failed;
    const std::uint64_t found = verified_number(folder.path(), FailingDisk::name, "operation " + std::to_string(at));
    if (written) { EXPECT_EQ(found, 2u) << at; }
    if (HasFailure()) break;
  }
  std::printf("N = %llu operations failed, %llu of them the commit\n",
              static_cast<unsigned long long>(at - 1), static_cast<unsigned long long>(failed));
  EXPECT_GT(failed, 20u);
}
TEST(EveryOperation, PowerCutWithoutSyncedCommitsIsStillWhole) {
  fail_at_every_operation(Fault::power_cut, Durability::none, {Image::written, Image::synced, Image::torn, Image::torn});
}

}  // namespace
}  // namespace writ::store
