#include "writ/base/quote.h"

#include <gtest/gtest.h>

namespace writ {
namespace {

TEST(QuoteAsGit, LeavesPlainNamesAlone) {
  for (const auto* name : {"a", "a b", "dir/file.txt", "it's", "%41", "-rf", "$HOME"}) EXPECT_EQ(quote_as_git(name), name);
}

TEST(QuoteAsGit, WritesTheRestAsGitDoes) {
  EXPECT_EQ(quote_as_git("new\nline"), "\"new\\nline\"");
  EXPECT_EQ(quote_as_git("\x1b[31m"), "\"\\033[31m\"");
  EXPECT_EQ(quote_as_git("\xff\xfe"), "\"\\377\\376\"");
  EXPECT_EQ(quote_as_git("a\"b\\c"), "\"a\\\"b\\\\c\"");
  EXPECT_EQ(quote_as_git("\u202e"), "\"\\342\\200\\256\"");
  EXPECT_EQ(quote_as_git("\a\b\t\v\f\r\x7f\x01"), "\"\\a\\b\\t\\v\\f\\r\\177\\001\"");
}

}  // namespace
}  // namespace writ
