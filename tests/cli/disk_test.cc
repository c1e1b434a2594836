// Disks that are full or may not be written, and stores that are not what they should be: one clear error, nothing
// lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

using testing::HasSubstr;

// A small file system of the test's own, in a mount namespace of the test's own; false where the kernel does not let
// us.
bool mount_small(const std::string& folder, const char* size) {
  std::filesystem::create_directories(folder);
  if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  return ::mount("writ-test", folder.c_str(), "tmpfs", 0, size) == 0;
}

void expect_one_error(const Ended& e) {
  EXPECT_NE(e.status, 0);
  EXPECT_NE(e.status, 70) << "this is not our bug";
  EXPECT_LT(e.status, 128) << "a crash";
  EXPECT_THAT(e.last_line(), testing::StartsWith("writ: ")) << e.err;
}

TEST(Disk, AFullDiskLosesNothing) {
  const Place p;
  const std::string disk = p.work() + "/disk";
  if (!mount_small(disk, "size=3m")) {
    std::puts("not covered without root: a full disk");
    return;
  }
  EXPECT_EQ(p.run({"--store", "disk/s", "init"}).status, 0);
  const std::string body(400'000, 'x');
  int written = 0;
  Ended e;
  for (; written < 50; ++written) {
    e = p.run({"--store", "disk/s", "state", "put", "o" + std::to_string(written), "-"}, body);
    if (e.status != 0) break;
  }
  ASSERT_LT(written, 50) << "the disk never became full";
  EXPECT_EQ(e.status, 69) << e.err;
  EXPECT_EQ(lines(e.err).size(), 1u) << e.err;
  EXPECT_EQ(p.document({"--store", "disk/s", "state", "ls"})["objects"].size(), static_cast<std::size_t>(written));
  EXPECT_EQ(p.run({"--store", "disk/s", "fsck"}).status, 0);
  EXPECT_EQ(p.run({"--store", "disk/s", "audit"}).status, 0);

  std::ofstream(disk + "/filler") << std::string(3'000'000, 'f');
  const Ended receipt = p.probe({"hello"}, {"--receipt", "disk/r.json"});
  EXPECT_EQ(receipt.status, 69) << receipt.err;
  EXPECT_THAT(receipt.err, HasSubstr("cannot write"));
  EXPECT_FALSE(std::filesystem::exists(disk + "/r.json"));
  EXPECT_EQ(p.run({"verify", "@"}).status, 0) << "the store has the receipt";
  ::umount(disk.c_str());
}

TEST(Disk, AStoreThatMayOnlyBeReadCanBeRead) {
  const Place p;
  const std::string disk = p.work() + "/disk";
  if (!mount_small(disk, "size=8m")) {
    std::puts("not covered without root: a file system that may only be read");
    return;
  }
  ASSERT_EQ(p.run({"--store", "disk/s", "init"}).status, 0);
  ASSERT_EQ(p.run({"--store", "disk/s", "state", "put", "a", "-"}, "1").status, 0);
  ASSERT_EQ(::mount(nullptr, disk.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  EXPECT_EQ(p.run({"--store", "disk/s", "state", "get", "a"}).out, "1");
  EXPECT_EQ(p.run({"--store", "disk/s", "verify", "@"}).status, 0);
  EXPECT_EQ(p.run({"--store", "disk/s", "audit"}).status, 0);
  EXPECT_EQ(p.run({"--store", "disk/s", "log", "key"}).status, 0);
  const Ended put = p.run({"--store", "disk/s", "state", "put", "a", "-"}, "2");
  expect_one_error(put);
  const Ended run = p.run({"--store", "disk/s", "run", WRIT_PROBE});
  expect_one_error(run);
  EXPECT_EQ(run.out, "") << "nothing ran that could not be recorded";
  ::umount(disk.c_str());
}

TEST(Disk, DamagedStoresAreNamedAndLeftAlone) {
  const Place p;
  p.write_object("a", std::string(20'000, 'x'));
  const std::string file = p.store() + "/writ.db", kept = p.path() + "/kept";
  std::filesystem::copy(p.store(), kept, std::filesystem::copy_options::recursive);
  const std::string good = read_all(file);
  const auto damage = [&](const std::string& bytes) {
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(file + suffix);
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
    for (const Words& words :
         {Words{"tasks"}, Words{"state", "get", "a"}, Words{"run", WRIT_PROBE}, Words{"audit"}, Words{"fsck"}}) {
      const Ended e = p.run(words);
      EXPECT_NE(e.status, 0) << testing::PrintToString(words);
      EXPECT_NE(e.status, 70) << testing::PrintToString(words) << e.err;
      EXPECT_LT(e.status, 128) << testing::PrintToString(words) << e.err;
      EXPECT_LE(lines(e.err).size(), 1u) << e.err;
    }
    EXPECT_TRUE(read_all(file) == bytes) << "somebody wrote into a store that does not hold";
  };
  damage(good.substr(0, good.size() / 2));
  damage(std::string(8192, 'z'));
  std::string flipped = good;
  for (std::size_t i = 0; i < flipped.size(); i += 97) flipped[i] ^= 0x10;
  damage(flipped);
  std::filesystem::remove_all(p.store());
  std::filesystem::rename(kept, p.store());
  EXPECT_EQ(p.run({"fsck"}).status, 0);
  EXPECT_EQ(p.run({"state", "get", "a"}).out.size(), 20'000u);
}

TEST(Disk, DamagedKeysAreNamedAndNotReplaced) {
  const Place p;
  p.probe({"hello"});
  for (const auto& key : std::filesystem::directory_iterator(p.home() + "/.config/writ/keys"))
    std::ofstream(key.path(), std::ios::trunc) << "nonsense";
  expect_one_error(p.run({"run", WRIT_PROBE}));
  EXPECT_THAT(p.run({"log", "key"}).err, HasSubstr("key"));
}

}  // namespace
}  // namespace writ::cli_test
