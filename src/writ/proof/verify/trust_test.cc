#include "writ/proof/verify/trust.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "writ/proof/verify/sample_receipt.h"

namespace writ::proof {
namespace {

class TrustFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/writ-trust-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void put(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }
  std::filesystem::path folder_;
};

TEST_F(TrustFolder, ReadsEveryFile) {
  const VerifierKey a = sample::verifier(sample::key(1)), b = sample::verifier(sample::key(2)), c = sample::verifier(sample::key(3));
  put("1", "# mine\n" + a.text() + "\n\n" + b.text());
  put("2.vkey", c.text() + "\n");
  EXPECT_EQ(read_trust_folder(folder_), (std::vector{a, b, c}));
  EXPECT_EQ(read_keys_file(folder_ / "2.vkey"), (std::vector{c}));
}

TEST_F(TrustFolder, AnAbsentFolderTrustsNobody) {
  const auto keys = read_trust_folder(folder_ / "none");
  ASSERT_TRUE(keys);
  EXPECT_TRUE(keys->empty());
}

TEST_F(TrustFolder, ABadLineIsNamedAndNothingIsSkipped) {
  put("k", sample::verifier(sample::key(1)).text() + "\nwhat is this\n");
  const auto keys = read_trust_folder(folder_);
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().where, (folder_ / "k").string() + ":2");
  EXPECT_EQ(read_keys_file(folder_ / "none").error().code, Code::unavailable);
}

TEST(TrustFolderPath, IsBelowTheConfiguration) {
  EXPECT_EQ(trust_folder("/c", "/h"), "/c/writ/trust");
  EXPECT_EQ(trust_folder("relative", "/h"), "/h/.config/writ/trust");
  EXPECT_EQ(trust_folder(nullptr, "/h"), "/h/.config/writ/trust");
  EXPECT_EQ(trust_folder("", nullptr).error().code, Code::unavailable);
}

}  // namespace
}  // namespace writ::proof
