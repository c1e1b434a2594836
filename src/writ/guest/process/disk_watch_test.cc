#include "writ/guest/process/disk_watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "writ/base/fd.h"

namespace writ::guest::process {
namespace {

namespace fs = std::filesystem;
using Over = DiskWatch::Over;

class Watched : public ::testing::Test {
 protected:
  Watched() {
    std::string name = (fs::temp_directory_path() / "writ-disk-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
  }
  ~Watched() override { fs::remove_all(folder_); }
  void write(const std::string& name, std::size_t size) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << std::string(size, 'x');
  }
  fs::path folder_;
};

constexpr ByteCount limit{1024 * 1024};

TEST_F(Watched, WhatWasThereIsNotCounted) {
  write("before", 4 << 20);
  DiskWatch watch({folder_.string()}, limit);
  EXPECT_EQ(watch.look(), Over::no);
  write("a/b/c", 900'000);
  EXPECT_EQ(watch.look(), Over::no);
  write("a/b/d", 200'000);
  EXPECT_EQ(watch.look(), Over::limit);
  fs::remove(folder_ / "a/b/c");
  EXPECT_EQ(watch.look(), Over::no);
}

TEST_F(Watched, FoldersAreAddedUp) {
  fs::create_directory(folder_ / "one");
  fs::create_directory(folder_ / "two");
  DiskWatch watch({(folder_ / "one").string(), (folder_ / "two").string()}, limit);
  write("one/x", 600'000);
  EXPECT_EQ(watch.look(), Over::no);
  write("two/x", 600'000);
  EXPECT_EQ(watch.look(), Over::limit);
}

TEST_F(Watched, EmptyFilesAndHolesAreCountedAsWhatTheyTake) {
  DiskWatch watch({folder_.string()}, limit);
  std::ofstream(folder_ / "hole") << 'x';
  fs::resize_file(folder_ / "hole", 1 << 30);
  for (int i = 0; i < 200; ++i) write("many/" + std::to_string(i), 0);
  EXPECT_EQ(watch.look(), Over::no);
  for (int i = 0; i < 100; ++i) write("more/" + std::to_string(i), 0);
  EXPECT_EQ(watch.look(), Over::limit) << "a name takes room too";
}

TEST_F(Watched, TwoNamesOfAFileAreOneFile) {
  DiskWatch watch({folder_.string()}, limit);
  write("file", 700'000);
  fs::create_hard_link(folder_ / "file", folder_ / "again");
  EXPECT_EQ(watch.look(), Over::no);
}

TEST_F(Watched, LinksAndDeepFoldersLeadNowhere) {
  DiskWatch watch({folder_.string()}, limit);
  fs::create_directory_symlink("/usr", folder_ / "link");
  EXPECT_EQ(watch.look(), Over::no);
  fs::path deep = folder_;
  for (int i = 0; i < 400; ++i) deep /= "d";
  fs::create_directories(deep);
  (void)watch.look();  // no descriptor and no stack runs out
  EXPECT_GE(watch.wait(), std::chrono::milliseconds(100));
}

// Others use the same disk meanwhile, so there is room for what they take and give back.
TEST_F(Watched, ADiskThatGetsFull) {
  constexpr std::uint64_t margin = 48 << 20, taken = 256 << 20;
  const auto left = fs::space(folder_).available;
  if (left < 2 * taken) GTEST_SKIP() << "not covered: the disk of the temporary folder is nearly full already";
  DiskWatch full_before({folder_.string()}, limit, ByteCount(left * 2));
  EXPECT_EQ(full_before.look(), Over::no) << "it was so before";
  DiskWatch watch({folder_.string()}, ByteCount(UINT64_MAX / 2), ByteCount(left - margin));
  EXPECT_EQ(watch.look(), Over::no);
  const auto path = (folder_ / "nameless").string();
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  fs::remove(path);
  ASSERT_EQ(::posix_fallocate(file.get(), 0, taken), 0);
  EXPECT_EQ(watch.look(), Over::full) << "a file without a name takes room as well";
}

}  // namespace
}  // namespace writ::guest::process
