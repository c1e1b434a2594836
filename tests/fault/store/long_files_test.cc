// A refused sync, and then a sound disk: the file whose sync was refused is written again and the work goes on, however long
// the file is. SQLite's VFS takes a short file in one write, and a long one only in pieces.
#include <gtest/gtest.h>

#include "failing_disk.h"
#include "seed.h"
#include "workload.h"
#include "writ/store/fsck.h"
#include "writ/store/schema.h"
#include "writ/store/testing_folder.h"
#include "writ/store/unsynced.h"

namespace writ::store {
namespace {

constexpr ByteCount sizes[] = {ByteCount(1), 60 * KiB, 128 * KiB, 200 * KiB, 256 * KiB, MiB, 5 * MiB};
constexpr std::uint64_t enough = 1000;  // operations of one commit, and many more

Result<Sequence> lengthen(Store& store, ByteCount size) {
  return store.write([&](Transaction& t) -> Result<void> {
    WRIT_CHECK(t.put_object("long", as_bytes(std::string(size.value(), 'l'))));
    return {};
  });
}

Result<std::unique_ptr<Store>> opened(const TestingFolder& folder, ByteCount log_limit) {
  return Store::open(folder.path(), {.log_limit = log_limit, .disk = FailingDisk::name});
}

Result<std::unique_ptr<Store>> made(const TestingFolder& folder, ByteCount log_limit) {
  { EXPECT_TRUE(Store::open(folder.path(), {.access = Access::create, .disk = {}})); }
  FailingDisk::instance().arm(Fault::none, 0);
  return opened(folder, log_limit);
}

// Both in what the page cache holds and in what is on disk.
void expect_left(const TestingFolder& folder, std::uint64_t number) {
  std::mt19937_64 random(test_seed());
  for (const Image image : {Image::written, Image::synced}) {
    const TestingFolder left;
    FailingDisk::instance().leave_image(folder.path(), left.path(), image, random);
    const auto report = fsck(left.path(), Repair::report);
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->findings.empty()) << report->findings[0].what;
    const auto store = Store::open(left.path(), {.disk = {}});
    ASSERT_TRUE(store) << store.error().text();
    const auto last = (*store)->snapshot()->record("last", as_bytes("number"));
    EXPECT_TRUE(last && *last && as_text(**last) == std::to_string(number)) << "image " << static_cast<int>(image);
  }
}

TEST(LongFiles, ALogWhoseSyncWasRefusedIsSettled) {
  FailingDisk& disk = FailingDisk::instance();
  for (const ByteCount size : sizes) {
    SCOPED_TRACE(size.value());
    const TestingFolder folder;
    const std::string log = log_name(folder.path() + "/" + file_name);
    {
      const auto store = made(folder, GiB);
      ASSERT_TRUE(store && lengthen(**store, size));
      for (std::uint64_t at = 1; !is_unsynced(log); ++at) {
        ASSERT_LT(at, enough);
        disk.fail(Fault::error, at);
        (void)commit_number(**store, at);
      }
      EXPECT_EQ(commit_number(**store, enough).error().code, Code::poisoned);
    }
    ASSERT_GE(log_size(folder.path() + "/" + file_name), size);
    disk.fail(Fault::none, 0);
    const auto store = opened(folder, GiB);
    ASSERT_TRUE(store);
    const auto written = commit_number(**store, enough);
    ASSERT_TRUE(written) << written.error().text();
    EXPECT_FALSE(is_unsynced(log));
    expect_left(folder, enough);
  }
}

TEST(LongFiles, AFileWhoseSyncWasRefusedIsSettled) {
  FailingDisk& disk = FailingDisk::instance();
  for (const ByteCount size : sizes) {
    SCOPED_TRACE(size.value());
    const TestingFolder folder;
    const std::string file = folder.path() + "/" + file_name;
    {
      const auto store = made(folder, ByteCount(1));
      ASSERT_TRUE(store && lengthen(**store, size));
    }
    for (std::uint64_t at = 1; !is_unsynced(file); ++at) {
      ASSERT_LT(at, enough);
      disk.fail(Fault::error, at);
      if (const auto store = opened(folder, ByteCount(1))) (void)commit_number(**store, at);
    }
    ASSERT_GE(std::filesystem::file_size(file), size.value());
    disk.fail(Fault::none, 0);
    const auto store = opened(folder, ByteCount(1));
    ASSERT_TRUE(store);
    const auto written = commit_number(**store, enough);
    ASSERT_TRUE(written) << written.error().text();
    EXPECT_FALSE(is_unsynced(file)) << "the log is moved again";
    expect_left(folder, enough);
  }
}

}  // namespace
}  // namespace writ::store
