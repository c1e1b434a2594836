#include "writ/runtime/signing_keys.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "writ/base/id.h"

namespace writ::runtime {
namespace {

class SigningKeys : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(top_); }
  void TearDown() override { std::filesystem::remove_all(top_); }
  const std::filesystem::path top_ = std::filesystem::temp_directory_path() / ("writ-keys-" + TaskId::random().brief());
  const std::string folder_ = top_ / "writ" / "keys";
  const std::string file_ = folder_ + "/signing-key.json";
};

TEST_F(SigningKeys, MadeOnceThenTheSame) {
  EXPECT_EQ(load_signing_key(folder_, IfAbsent::fail, system_clock()).error().code, Code::unavailable);
  const auto first = load_signing_key(folder_, IfAbsent::make, system_clock());
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_EQ(load_signing_key(folder_, IfAbsent::make, system_clock())->public_key(), first->public_key());
  struct stat s{};
  ASSERT_EQ(::stat(file_.c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777u, 0600u);
}

TEST_F(SigningKeys, AFirstKeyMadeTwiceAtOnceIsOneKey) {
  std::vector<PublicKey> keys(8);
  std::vector<std::thread> threads;
  for (auto& k : keys) threads.emplace_back([&] { k = load_signing_key(folder_, IfAbsent::make, system_clock())->public_key(); });
  for (auto& t : threads) t.join();
  for (const auto& k : keys) EXPECT_EQ(k, keys[0]);
}

TEST_F(SigningKeys, AKeyThatOthersCouldReadIsRefused) {
  ASSERT_TRUE(load_signing_key(folder_, IfAbsent::make, system_clock()));
  ::chmod(file_.c_str(), 0640);
  EXPECT_EQ(load_signing_key(folder_, IfAbsent::make, system_clock()).error().code, Code::denied);
  ::chmod(file_.c_str(), 0600);
  ::chmod(folder_.c_str(), 0755);
  EXPECT_EQ(load_signing_key(folder_, IfAbsent::make, system_clock()).error().code, Code::denied);
}

TEST_F(SigningKeys, ADamagedFileIsCorruptAndKept) {
  ASSERT_TRUE(load_signing_key(folder_, IfAbsent::make, system_clock()));
  for (const char* bad : {"", "{}", "{\"schema\":\"writ.key/1\",\"seed\":\"AAAA\"}", "{\"schema\":1}", "[]", "not json"}) {
    std::ofstream(file_) << bad;
    EXPECT_EQ(load_signing_key(folder_, IfAbsent::make, system_clock()).error().code, Code::corrupt) << bad;
    std::stringstream content;
    content << std::ifstream(file_).rdbuf();
    EXPECT_EQ(content.str(), bad);
  }
}

TEST_F(SigningKeys, RotationKeepsEveryPublicHalfAlsoOfTwoAtOnce) {
  EXPECT_EQ(rotate_signing_key(folder_, system_clock()).error().code, Code::unavailable);
  std::vector<PublicKey> signed_with{load_signing_key(folder_, IfAbsent::make, system_clock())->public_key()};
  EXPECT_TRUE(retired_keys(folder_)->empty());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { EXPECT_TRUE(rotate_signing_key(folder_, system_clock())); });
  for (auto& t : threads) t.join();
  const auto now = load_signing_key(folder_, IfAbsent::fail, system_clock());
  ASSERT_TRUE(now);
  const auto retired = *retired_keys(folder_);
  EXPECT_EQ(retired.size(), 4u);
  EXPECT_NE(std::ranges::find(retired, signed_with[0]), retired.end());
  EXPECT_EQ(std::ranges::find(retired, now->public_key()), retired.end());
}

TEST_F(SigningKeys, RetiredKeysAreReadFromPrivateFilesOnly) {
  ASSERT_TRUE(load_signing_key(folder_, IfAbsent::make, system_clock()));
  ASSERT_TRUE(rotate_signing_key(folder_, system_clock()));
  const std::filesystem::path file = std::filesystem::directory_iterator(folder_ + "/retired")->path();
  ::chmod(file.c_str(), 0644);
  EXPECT_EQ(retired_keys(folder_).error().code, Code::denied);
  ::chmod(file.c_str(), 0600);
  std::ofstream(file) << "{}";
  EXPECT_EQ(retired_keys(folder_).error().code, Code::corrupt);
}

}  // namespace
}  // namespace writ::runtime
