#include "writ/memory/shared_memory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace writ::memory {
namespace {

struct Shared : testing::Test {
  std::string folder = [] {
    std::string name = WRIT_BINARY_DIR "/shared-test-XXXXXX";
    return std::string(::mkdtemp(name.data()));
  }();
  ~Shared() override { std::filesystem::remove_all(folder); }
};

TEST_F(Shared, WhatOneProcessWritesTheOtherSees) {
  auto here = SharedMemory::open(folder + "/words", 8 * KiB);
  ASSERT_TRUE(here) << here.error().text();
  EXPECT_EQ(here->bytes()[100], std::byte{0});
  const auto child = ::fork();
  if (child == 0) {
    auto there = SharedMemory::open(folder + "/words", 8 * KiB);
    if (there) there->bytes()[100] = std::byte{42};
    ::_exit(there ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(here->bytes()[100], std::byte{42});
  struct stat found {};
  ASSERT_EQ(::stat((folder + "/words").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
}

TEST_F(Shared, AnotherSizeOrALinkIsRefused) {
  std::ofstream(folder + "/short") << "x";
  EXPECT_EQ(SharedMemory::open(folder + "/short", 8 * KiB).error().code, Code::corrupt);
  ASSERT_EQ(::symlink("/dev/zero", (folder + "/link").c_str()), 0);
  EXPECT_FALSE(SharedMemory::open(folder + "/link", 8 * KiB));
  EXPECT_FALSE(SharedMemory::open(folder, 8 * KiB));
}

}  // namespace
}  // namespace writ::memory
