// Digests of programs that are kept: what is believed, and what is not.
#include "writ/guest/process/program.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "writ/base/file.h"

namespace writ::guest::process {
namespace {

namespace fs = std::filesystem;

class Digests : public ::testing::Test {
 protected:
  Digests() {
    std::string name = (fs::temp_directory_path() / "writ-programs-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
  }
  ~Digests() override { fs::remove_all(folder_); }
  static DigestPair whole(const std::string& path) {
    const auto text = read_file(path, ByteCount{64 * 1024 * 1024});
    return text ? digest(as_bytes(*text)) : DigestPair{};
  }
  std::size_t kept() const {
    std::error_code none;
    std::size_t n = 0;
    for (fs::directory_iterator i(folder_ / "kept", none), end; !none && i != end; ++i) ++n;
    return n;
  }
  std::string only_entry() const { return fs::directory_iterator(folder_ / "kept")->path().string(); }
  fs::path folder_;
};

TEST_F(Digests, OfTheMachinesProgramsAreTakenOnce) {
  const ProgramDigests digests((folder_ / "kept").string());
  const auto first = digests.of("/bin/sh");
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_EQ(*first, whole("/bin/sh"));
  ASSERT_EQ(kept(), 1u);
  // It is believed: another digest in an entry that is otherwise right is what comes back.
  const auto text = *read_file(only_entry(), ByteCount{4096});
  auto other = text;
  const auto hex = first->sha256.hex();
  other.replace(other.find(hex), hex.size(), std::string(hex.size(), 'a'));
  ASSERT_TRUE(replace_file(only_entry(), other, 0600));
  EXPECT_EQ(digests.of("/bin/sh")->sha256.hex(), std::string(hex.size(), 'a'));
}

TEST_F(Digests, WhatIsDamagedIsTakenAgain) {
  const ProgramDigests digests((folder_ / "kept").string());
  const auto right = digests.of("/bin/sh");
  ASSERT_TRUE(right);
  const auto text = *read_file(only_entry(), ByteCount{4096});
  for (const auto& damaged : {std::string(), text.substr(0, text.size() / 2), text + " ", std::string(100'000, 'x')}) {
    ASSERT_TRUE(replace_file(only_entry(), damaged, 0600));
    const auto again = digests.of("/bin/sh");
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, *right);
    EXPECT_EQ(*read_file(only_entry(), ByteCount{4096}), text) << "and kept again";
  }
  // One of another file, or of a file that changed since.
  for (const auto* member : {"\"changed\":\"", "\"inode\":\"", "\"size\":\"", "\"path\":\""}) {
    auto other = text;
    const auto at = other.find(member) + std::string(member).size();
    other[at] = other[at] == '1' ? '2' : '1';
    ASSERT_NE(other, text);
    ASSERT_TRUE(replace_file(only_entry(), other, 0600));
    EXPECT_EQ(*digests.of("/bin/sh"), *right) << member;
  }
}

// Whoever may write a program can make its times say anything, in time.
TEST_F(Digests, OfOtherProgramsNothingIsKept) {
  const ProgramDigests digests((folder_ / "kept").string());
  const auto mine = (folder_ / "program").string();
  const auto write = [&](const std::string& text) { std::ofstream(mine) << text; };
  write("one");
  ASSERT_EQ(::chmod(mine.c_str(), 0775), 0);
  EXPECT_EQ(*digests.of(mine), whole(mine));
  write("two");
  EXPECT_EQ(*digests.of(mine), whole(mine));
  EXPECT_EQ(kept(), 0u);
  ASSERT_EQ(::chmod(mine.c_str(), 0755), 0);
  EXPECT_EQ(*digests.of(mine), whole(mine));
  EXPECT_EQ(kept(), 0u) << "it was changed a moment ago";
}

TEST_F(Digests, WhereNothingCanBeKeptTheyAreTakenEachTime) {
  EXPECT_EQ(*ProgramDigests("").of("/bin/sh"), whole("/bin/sh"));
  EXPECT_EQ(*ProgramDigests((folder_ / "not" / "there").string()).of("/bin/sh"), whole("/bin/sh"));
  std::ofstream(folder_ / "file") << "x";
  EXPECT_EQ(*ProgramDigests((folder_ / "file").string()).of("/bin/sh"), whole("/bin/sh"));
  EXPECT_FALSE(ProgramDigests((folder_ / "kept").string()).of((folder_ / "none").string()));
}

}  // namespace
}  // namespace writ::guest::process
