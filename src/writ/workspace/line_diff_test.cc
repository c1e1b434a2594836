#include "writ/workspace/line_diff.h"

#include <gtest/gtest.h>

#include <random>

namespace writ::workspace {
namespace {

using Texts = std::vector<std::string_view>;

// The length of the shortest edit script, the slow and plain way.
std::size_t shortest(const Texts& a, const Texts& b) {
  std::vector<std::size_t> row(b.size() + 1, 0), last;
  for (std::size_t i = 0; i < a.size(); ++i) {
    last = row;
    for (std::size_t j = 0; j < b.size(); ++j) row[j + 1] = a[i] == b[j] ? last[j] + 1 : std::max(last[j + 1], row[j]);
  }
  return a.size() + b.size() - 2 * row[b.size()];
}

TEST(LineDiff, Splits) {
  EXPECT_EQ(split_lines("a\n\nb"), (Texts{"a\n", "\n", "b"}));
  EXPECT_EQ(split_lines("\n"), (Texts{"\n"}));
  EXPECT_TRUE(split_lines("").empty());
}

TEST(LineDiff, CountsWhatCameAndWent) {
  EXPECT_EQ(count_lines("a\nb\nc\n", "a\nx\nc\nd\n"), (Lines{2, 1}));
  EXPECT_EQ(count_lines("", "a\nb\n"), (Lines{2, 0}));
  EXPECT_EQ(count_lines("a", "a\n"), (Lines{1, 1}));
  EXPECT_EQ(count_lines("same\n", "same\n"), (Lines{0, 0}));
  EXPECT_EQ(count_lines(std::string_view("\0", 1), "a\n"), (Lines{0, 0}));
}

TEST(LineDiff, IsAScriptAndTheShortest) {
  std::mt19937 random(5);
  const Texts words{"a\n", "b\n", "c\n", "d\n"};
  for (int round = 0; round < 4000; ++round) {
    Texts before(random() % 12), after(random() % 12);
    for (auto& w : before) w = words[random() % (1 + random() % 4)];
    for (auto& w : after) w = words[random() % 4];
    std::size_t at = 0, to = 0, changed = 0;
    for (const auto& e : diff_lines(before, after)) {
      ASSERT_EQ(e.old_begin - at, e.new_begin - to);
      for (; at < e.old_begin; ++at, ++to) ASSERT_EQ(before[at], after[to]);
      changed += e.old_end - e.old_begin + e.new_end - e.new_begin;
      at = e.old_end;
      to = e.new_end;
    }
    ASSERT_EQ(before.size() - at, after.size() - to);
    for (; at < before.size(); ++at, ++to) ASSERT_EQ(before[at], after[to]);
    ASSERT_EQ(changed, shortest(before, after));
  }
}

// Far more differences than max_edits: still a right script, soon.
TEST(LineDiff, GivesUpOnTheShortest) {
  std::string before, after;
  for (int i = 0; i < 30000; ++i) before += std::to_string(i) + "\n", after += std::to_string(i * 7 + 100000) + "\n";
  const auto lines = count_lines(before, after);
  EXPECT_GE(lines.added, 25000u);
  EXPECT_EQ(lines.added, lines.removed);
}

}  // namespace
}  // namespace writ::workspace
