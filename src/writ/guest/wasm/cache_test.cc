#include "writ/guest/wasm/cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "writ/base/file.h"

namespace writ::guest::wasm {
namespace {

class CacheTest : public testing::Test {
 protected:
  CacheTest() {
    char name[] = "/tmp/writ-cache-XXXXXX";
    root = ::mkdtemp(name);
  }
  ~CacheTest() override { std::filesystem::remove_all(root); }
  Cache open() {
    auto c = Cache::open(root + "/cache");
    EXPECT_TRUE(c) << c.error().text();
    return *c;
  }
  std::string root;
  const Sha256 key = sha256(as_bytes("key"));
  const Bytes content = to_bytes("the code of an image");
};

TEST_F(CacheTest, KeepsAndFinds) {
  const Cache c = open();
  EXPECT_EQ(*c.find(key), std::nullopt);
  ASSERT_TRUE(c.store(key, content));
  EXPECT_EQ(*c.find(key), content);
  EXPECT_EQ(*c.find(sha256(as_bytes("other"))), std::nullopt);
  EXPECT_EQ(*open().find(key), content);
  EXPECT_EQ(std::filesystem::status(root + "/cache").permissions(), std::filesystem::perms::owner_all);
}

TEST_F(CacheTest, EveryFlippedBitAndEveryTruncationIsAMiss) {
  const Cache c = open();
  ASSERT_TRUE(c.store(key, content));
  const std::string good = *read_file(c.path(key), MiB);
  for (std::size_t i = 0; i < good.size() * 8; i += 3) {
    std::string bad = good;
    bad[i / 8] = static_cast<char>(bad[i / 8] ^ (1 << i % 8));
    ASSERT_TRUE(replace_file(c.path(key), bad, 0600));
    ASSERT_EQ(*c.find(key), std::nullopt) << "bit " << i;
    ASSERT_FALSE(std::filesystem::exists(c.path(key))) << "a damaged entry is removed";
  }
  for (std::size_t n = 0; n < good.size(); n += 7) {
    ASSERT_TRUE(replace_file(c.path(key), good.substr(0, n), 0600));
    ASSERT_EQ(*c.find(key), std::nullopt) << n;
  }
  ASSERT_TRUE(replace_file(c.path(key), good + "x", 0600));
  EXPECT_EQ(*c.find(key), std::nullopt);
  ASSERT_TRUE(c.store(key, content));
  EXPECT_EQ(*c.find(key), content);
}

TEST_F(CacheTest, AnEntryUnderAnotherNameIsAMiss) {
  const Cache c = open();
  ASSERT_TRUE(c.store(key, content));
  const Sha256 other = sha256(as_bytes("other"));
  std::filesystem::copy(c.path(key), c.path(other));
  EXPECT_EQ(*c.find(other), std::nullopt);
}

TEST_F(CacheTest, EntriesThatOthersCouldHaveMadeAreMisses) {
  const Cache c = open();
  const std::string elsewhere = root + "/elsewhere";
  ASSERT_TRUE(c.store(key, content));
  ASSERT_EQ(::chmod(c.path(key).c_str(), 0622), 0);
  EXPECT_EQ(*c.find(key), std::nullopt);
  ASSERT_TRUE(c.store(key, content));
  std::filesystem::rename(c.path(key), elsewhere);
  std::filesystem::create_symlink(elsewhere, c.path(key));
  EXPECT_EQ(*c.find(key), std::nullopt);
  EXPECT_TRUE(std::filesystem::exists(elsewhere)) << "what a link leads to is left alone";
  std::filesystem::create_directory(c.path(key));
  EXPECT_EQ(*c.find(key), std::nullopt);
  ASSERT_EQ(::mkfifo(c.path(key).c_str(), 0600), 0);
  EXPECT_EQ(*c.find(key), std::nullopt);
  if (::geteuid() == 0) {
    ASSERT_TRUE(c.store(key, content));
    ASSERT_EQ(::chown(c.path(key).c_str(), 65534, 65534), 0);
    EXPECT_EQ(*c.find(key), std::nullopt);
  }
}

TEST_F(CacheTest, AFolderThatOthersCanChangeIsRefused) {
  const auto refused = [&](const std::string& folder) {
    const auto c = Cache::open(folder);
    ASSERT_FALSE(c) << folder;
    EXPECT_EQ(c.error().code, Code::denied) << c.error().text();
  };
  (void)open();
  ASSERT_EQ(::chmod((root + "/cache").c_str(), 0750), 0);
  refused(root + "/cache");
  ASSERT_EQ(::chmod((root + "/cache").c_str(), 0700), 0);
  std::filesystem::create_directory_symlink(root + "/cache", root + "/link");
  refused(root + "/link");
  std::filesystem::create_directory(root + "/open");
  ASSERT_EQ(::chmod((root + "/open").c_str(), 0777), 0);
  refused(root + "/open/cache");  // others could put theirs in its place
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown((root + "/cache").c_str(), 65534, 65534), 0);
    refused(root + "/cache");
  }
  EXPECT_EQ(Cache::open("relative").error().code, Code::invalid);
}

// Sets when an entry was last used, in seconds before now.
void used(const std::string& file, int seconds_ago) {
  std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() - std::chrono::seconds(seconds_ago));
}

TEST_F(CacheTest, WhatWasUsedLongestAgoGoes) {
  constexpr std::size_t size = 100'000;
  const auto name = [](int i) { return sha256(as_bytes("module " + std::to_string(i))); };
  const auto c = *Cache::open(root + "/cache", ByteCount(10 * size));
  const Bytes image(size - 500);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(c.store(name(i), image));
    used(c.path(name(i)), 1000 - i);
  }
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(std::filesystem::exists(c.path(name(i)))) << i;
  ASSERT_TRUE(*c.find(name(0)));  // the oldest, but used now
  ASSERT_TRUE(c.store(name(10), image));
  EXPECT_TRUE(std::filesystem::exists(c.path(name(0))));
  EXPECT_TRUE(std::filesystem::exists(c.path(name(10))));
  for (int i = 1; i < 5; ++i) EXPECT_FALSE(std::filesystem::exists(c.path(name(i)))) << i;
  for (int i = 5; i < 10; ++i) EXPECT_TRUE(std::filesystem::exists(c.path(name(i)))) << i;
}

TEST_F(CacheTest, OneImageLargerThanTheCacheIsKeptAlone) {
  const auto c = *Cache::open(root + "/cache", ByteCount(100));
  ASSERT_TRUE(c.store(key, Bytes(1000)));
  EXPECT_TRUE(*c.find(key));
  ASSERT_TRUE(c.store(sha256(as_bytes("other")), Bytes(1000)));
  EXPECT_FALSE(*c.find(key));
}

TEST_F(CacheTest, AFileBeingWrittenIsLeftAloneUntilItIsAbandoned) {
  const Cache c = open();
  const std::string being_written = root + "/cache/" + key.hex() + ".image.0123.new", abandoned = root + "/cache/x.image.4567.new";
  for (const auto& f : {being_written, abandoned}) ASSERT_TRUE(replace_file(f, "part", 0600));
  used(abandoned, 3700);
  ASSERT_TRUE(c.store(key, content));
  EXPECT_TRUE(std::filesystem::exists(being_written));
  EXPECT_FALSE(std::filesystem::exists(abandoned));
}

// As many processes as like: each makes room for itself, and finds its own or makes it again.
TEST_F(CacheTest, SeveralMakeRoomAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      const auto c = *Cache::open(root + "/cache", ByteCount(5000));
      for (int i = 0; i < 50; ++i) {
        const Sha256 mine = sha256(as_bytes(std::to_string(t * 1000 + i)));
        ASSERT_TRUE(c.store(mine, Bytes(900)));
        const auto found = c.find(mine);
        ASSERT_TRUE(found) << found.error().text();
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_LE(std::distance(std::filesystem::directory_iterator(root + "/cache"), {}), 6);
}

TEST_F(CacheTest, WritersAndReadersAtOnceSeeWholeEntries) {
  const Cache c = open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) {
        ASSERT_TRUE(c.store(key, content));
        const auto found = c.find(key);
        ASSERT_TRUE(found && *found == content);
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(root + "/cache"), {}), 1) << "nothing is left over";
}

}  // namespace
}  // namespace writ::guest::wasm
