// Two writers on one store, one of which meets a failing disk: what the other one then acknowledges must be on disk. Both are
// in one process here, which is the same to SQLite and to the disk as two.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "failing_disk.h"
#include "seed.h"
#include "workload.h"
#include "writ/store/testing_folder.h"

namespace writ::store {
namespace {

// A reader that stays where it is, so that a checkpoint moves a part of the log only.
class Lingering {
 public:
  explicit Lingering(const std::string& folder) {
    EXPECT_EQ(sqlite3_open_v2((folder + "/writ.db").c_str(), &db_, SQLITE_OPEN_READWRITE, "unix"), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db_, "BEGIN; SELECT sequence FROM head", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  ~Lingering() { sqlite3_close(db_); }

 private:
  sqlite3* db_ = nullptr;
};

std::unique_ptr<Store> opened(const std::string& folder, Durability durability, ByteCount log_limit) {
  auto store = Store::open(folder, {.durability = durability, .log_limit = log_limit, .disk = FailingDisk::name});
  EXPECT_TRUE(store) << store.error().text();
  return store ? std::move(*store) : nullptr;
}

// The first one commits and moves the log while the disk fails once; then the other commits on, and the power is cut.
void fail_under_two_writers(Durability durability) {
  FailingDisk& disk = FailingDisk::instance();
  std::mt19937_64 random(test_seed());
  const TestingFolder made;
  { ASSERT_TRUE(Store::open(made.path(), {.access = Access::create, .disk = {}})); }
  std::uint64_t at = 1;
  for (;; ++at) {
    const TestingFolder folder, left;
    std::filesystem::copy(made.path(), folder.path(), std::filesystem::copy_options::recursive);
    disk.arm(Fault::none, 0);
    const auto patient = opened(folder.path(), durability, GiB);
    ASSERT_TRUE(patient && commit_number(*patient, 1));
    std::optional<Lingering> reader(folder.path());
    ASSERT_TRUE(commit_number(*patient, 2));
    const auto first = opened(folder.path(), durability, ByteCount(1)), other = opened(folder.path(), Durability::sync, ByteCount(1));
    ASSERT_TRUE(first && other && commit_number(*first, 3));  // moves what the reader sees
    reader.reset();
    disk.fail(Fault::error, at);
    (void)commit_number(*first, 4);
    std::uint64_t acknowledged = 0;
    for (std::uint64_t number = 5; number < 8; ++number)
      if (commit_number(*other, number)) acknowledged = number;
    if (!disk.fired()) break;
    disk.leave_image(folder.path(), left.path(), Image::synced, random);
    disk.arm(Fault::none, 0);
    const std::string what = "operation " + std::to_string(at);
    EXPECT_GE(verified_number(left.path(), FailingDisk::name, what), acknowledged) << what;
    if (::testing::Test::HasFailure()) return;
  }
  std::printf("N = %llu operations failed\n", static_cast<unsigned long long>(at - 1));
  EXPECT_GT(at, 20u);
}

TEST(TwoWriters, WhatOneAcknowledgesIsOnDiskWhateverFailedForTheOther) { fail_under_two_writers(Durability::sync); }
TEST(TwoWriters, AlsoWhereTheOtherDoesNotSyncItsCommits) { fail_under_two_writers(Durability::none); }

}  // namespace
}  // namespace writ::store
