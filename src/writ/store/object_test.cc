#include "writ/store/object.h"

#include <gtest/gtest.h>

namespace writ::store {
namespace {

TEST(ObjectPath, Accepts) {
  for (const char* path : {"a", "a/b", "orders/2026-11.json", "...", "a/..b/c..", "gr\xc3\xbc\xc3\x9f" "e/\xe2\x82\xac", "a b", "-", "*", "\xc2\xa0"})
    EXPECT_TRUE(check_object_path(path)) << path;
  EXPECT_TRUE(check_object_path(std::string(max_path_segment.value(), 'x')));
  std::string longest;
  while (longest.size() + 2 <= max_path_size.value()) longest += "x/";
  longest.back() = 'x';
  EXPECT_TRUE(check_object_path(longest));
  EXPECT_FALSE(check_object_path(longest + "/x"));
}

TEST(ObjectPath, RefusesNamingTheRule) {
  const std::pair<std::string, const char*> bad[] = {
      {"", "is empty"},          {"/a", "empty segment"},     {"a/", "empty segment"},     {"a//b", "empty segment"},
      {".", "segment `.`"},      {"a/../b", "segment `..`"},  {"..", "segment `..`"},      {"a/.", "segment `.`"},
      {"a\nb", "control"},       {"a\x7f", "control"},        {"a\xc2\x85", "control"},    {std::string("a\0b", 3), "control"},
      {"a\xff", "not UTF-8"},    {"\xc3", "not UTF-8"},       {"\xed\xa0\x80", "not UTF-8"},
      {std::string(256, 'x'), "segment of 256"}, {std::string(5000, 'x'), "5000 bytes long"}};
  for (const auto& [path, rule] : bad) {
    const auto checked = check_object_path(path);
    ASSERT_FALSE(checked) << path;
    EXPECT_EQ(checked.error().code, Code::invalid);
    EXPECT_NE(checked.error().what.find(rule), std::string::npos) << checked.error().text();
    EXPECT_LT(checked.error().text().size(), 1000u);
  }
}

TEST(TableName, Rules) {
  for (const char* good : {"log", "proof.leaf", "a-b_c9", "x"}) EXPECT_TRUE(check_table_name(good)) << good;
  for (const char* bad : {"", "Log", "9a", ".a", "a b", "a/b", "a;drop table record"}) EXPECT_FALSE(check_table_name(bad)) << bad;
  EXPECT_TRUE(check_table_name(std::string(64, 'a')));
  EXPECT_FALSE(check_table_name(std::string(65, 'a')));
}

}  // namespace
}  // namespace writ::store
