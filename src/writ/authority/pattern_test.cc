#include "writ/authority/pattern.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace writ::authority {
namespace {

using effect::ResourceForm;

// The slow and obvious meaning of patterns: regular expressions by recursion over their text. Patterns and resources
// here are of plain bytes, so that text and bytes are the same.
bool reference_name(std::string_view p, std::string_view s) {
  if (p.empty()) return s.empty();
  if (p[0] != '*') return !s.empty() && s[0] == p[0] && reference_name(p.substr(1), s.substr(1));
  return reference_name(p.substr(1), s) || (!s.empty() && reference_name(p, s.substr(1)));
}

using Levels = std::vector<std::string>;
bool reference_levels(const Levels& p, std::size_t i, const Levels& s, std::size_t j, bool below) {
  if (i == p.size()) return j == s.size() || below;
  if (p[i] == "**") return reference_levels(p, i + 1, s, j, below) || (j < s.size() && reference_levels(p, i, s, j + 1, below));
  return j < s.size() && reference_name(p[i], s[j]) && reference_levels(p, i + 1, s, j + 1, below);
}

Levels split(std::string_view text) {
  Levels out;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('/', begin), text.size());
    if (end > begin) out.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

bool reference(std::string_view pattern, std::string_view resource) {
  return reference_levels(split(pattern), 0, split(resource), 0, pattern.ends_with('/'));
}

// Every pattern and every resource of up to three levels over a small alphabet.
TEST(Pattern, MeansWhatTheReferenceMeans) {
  const Levels pattern_levels{"a", "b", "*", "a*", "*b", "a*b", "*a*", "**"}, names{"a", "b", "ab", "aab", "ba"};
  std::vector<std::string> patterns{"/"}, resources{"/"};
  const auto grow = [](std::vector<std::string>& all, const Levels& levels) {
    for (std::size_t depth = 0, begin = 0; depth < 3; ++depth) {
      const auto end = all.size();
      for (std::size_t i = begin; i < end; ++i)
        for (const auto& l : levels) all.push_back((all[i] == "/" ? "" : all[i]) + "/" + l);
      begin = end;
    }
  };
  grow(patterns, pattern_levels);
  grow(resources, names);
  std::size_t covered = 0;
  for (const auto& text : patterns) {
    for (const auto& form : {text, text + "/"}) {
      if (form == "//") continue;
      const auto p = Pattern::parse(form, ResourceForm::host_path, "/");
      ASSERT_TRUE(p) << form;
      for (const auto& r : resources) {
        const bool expected = reference(form, r);
        ASSERT_EQ(p->covers(r), expected) << form << " " << r;
        if (r != "/") { ASSERT_EQ(p->covers(r + "/"), expected) << form << " " << r << "/"; }
        covered += expected;
      }
    }
  }
  EXPECT_GT(covered, 10000u);
}

// covers_below and covers_all_below against sampled resources: complete for these sizes.
TEST(Pattern, BelowMeansSomethingOrEverythingBelow) {
  std::mt19937_64 random(7);
  const Levels pattern_levels{"a", "b", "*", "a*", "**"}, names{"a", "b", "ab"};
  std::vector<std::string> tails{""};
  for (std::size_t i = 0; i < 121 && tails.size() < 400; ++i)
    for (const auto& n : names) tails.push_back(tails[i] + "/" + n);
  for (int i = 0; i < 3000; ++i) {
    std::string text, base;
    for (auto n = 1 + random() % 3; n > 0; --n) text += "/" + pattern_levels[random() % pattern_levels.size()];
    if (random() % 3 == 0) text += "/";
    for (auto n = random() % 4; n > 0; --n) base += "/" + names[random() % names.size()];
    const auto p = Pattern::parse(text, ResourceForm::host_path, "/");
    ASSERT_TRUE(p);
    bool some = false, all = true;
    for (const auto& t : tails) {
      const auto resource = base + t;
      const bool covered = p->covers(resource.empty() ? "/" : resource);
      some = some || covered;
      all = all && covered;
    }
    ASSERT_EQ(p->covers_below(base.empty() ? "/" : base), some) << text << " " << base;
    if (p->covers_all_below(base.empty() ? "/" : base)) { ASSERT_TRUE(all) << text << " " << base; }
    if (all && !text.ends_with("*")) { ASSERT_TRUE(p->covers_all_below(base.empty() ? "/" : base)) << text << " " << base; }
  }
}

// A resource that is not canonical is covered by nothing, also where it begins as the pattern does.
TEST(Pattern, WhatIsNotCanonicalIsCoveredByNothing) {
  std::mt19937_64 random(5);
  int covered = 0, refused = 0;
  for (const bool host : {true, false})
    for (const std::string text : {"a/*", "a/b/**", "a/**/b", "a/*/b/", "a/b*/", "a/b/*a", "a/**/*/", "a/b/a/**/b*"}) {
      const auto p = *Pattern::parse((host ? "/" : "") + text, host ? ResourceForm::host_path : ResourceForm::object_path, "/");
      for (int n = 0; n < 4000; ++n) {
        std::string path = random() % 2 == 0 ? "a/" : random() % 2 == 0 ? "a/b/" : "";
        for (auto left = random() % 7; left > 0; --left) path += std::string_view("aabb//.\0", 8)[random() % 8];
        const std::string whole = "/" + path + (path.ends_with('/') ? "" : "/");
        bool canonical = whole.find('\0') == whole.npos && path != "/" && !path.ends_with("//");
        for (const char* bad : {"//", "/./", "/../"}) canonical = canonical && whole.find(bad) == whole.npos;
        if (path.empty()) continue;
        ASSERT_EQ(p.covers((host ? "/" : "") + path), canonical && reference(text, path)) << p.text() << " and " << path;
        covered += canonical && reference(text, path);
        refused += !canonical && reference(text, path);
      }
    }
  EXPECT_GT(covered, 1000);
  EXPECT_GT(refused, 1000);
}

// Backtracking matchers need longer than the age of the world for these.
TEST(Pattern, HostilePatternsAreMatchedInTime) {
  std::string stars, levels;
  for (int i = 0; i < 2000; ++i) stars += "*a";
  for (std::size_t i = 0; i < max_wild_levels / 2; ++i) levels += "/**/a*";
  const auto within = Pattern::parse("/" + stars + "b", ResourceForm::host_path, "/");
  const auto across = Pattern::parse(levels, ResourceForm::host_path, "/");
  ASSERT_TRUE(within && across);
  std::string deep;
  for (int i = 0; i < 2000; ++i) deep += "/aa";
  EXPECT_FALSE(within->covers("/" + std::string(4000, 'a')));
  EXPECT_TRUE(within->covers("/" + std::string(4000, 'a') + "b"));
  EXPECT_TRUE(across->covers(deep));
  EXPECT_FALSE(across->covers(deep + "/b"));
}

TEST(Pattern, ALiteralMeansItselfWhateverItsBytes) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 20000; ++i) {
    const auto form = std::array{ResourceForm::host_path, ResourceForm::object_path, ResourceForm::name}[random() % 3];
    std::string resource = form == ResourceForm::host_path ? "/" : "";
    for (auto n = random() % 12; n > 0; --n)
      resource += random() % 4 == 0 ? "/.*%?"[random() % 5] : static_cast<char>(random() % 256);
    const auto p = Pattern::literal(resource, form);
    if (!p) {
      ASSERT_EQ(p.error().code, Code::invalid);
      continue;
    }
    ASSERT_TRUE(p->covers(resource));
    ASSERT_TRUE(p->is_plain());
    const auto back = Pattern::parse(p->text(), form, "/elsewhere");
    ASSERT_TRUE(back) << p->text();
    ASSERT_EQ(*back, *p);
    std::string other = resource;
    other.insert(random() % (other.size() + 1), 1, "ab*/"[random() % 4]);
    if (other != resource && other != resource + "/") { ASSERT_FALSE(p->covers(other)) << p->text() << " covers " << other; }
  }
}

}  // namespace
}  // namespace writ::authority
