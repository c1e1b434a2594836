// Meet and covers, against the meaning of grants: every resource that is short enough, tried one by one.
#include "writ/authority/lattice.h"

#include <gtest/gtest.h>

#include <random>

#include "writ/authority/inclusion.h"

namespace writ::authority {
namespace {

Grant grant(std::string_view text) {
  auto g = parse_grant(text, "/work", WallTime{0});
  EXPECT_TRUE(g) << text << (g ? "" : g.error().text());
  return g ? *g : Grant{};
}

std::vector<Pattern> patterns() {
  std::vector<Pattern> out;
  for (const char* t : {"/",     "/.",   "/a",    "/b",     "/a/",     "/*",      "/**",     "/a*",    "/*a",   "/a*a",
                        "/*b*",  "/a/b", "/a/*",  "/*/b",   "/a/**",   "/**/a",   "/**/a/",  "/*/",    "/*/*",  "/*/a/",
                        "/ab*",  "/*ba", "/a/**/b", "/**/b/*", "/**/a*/**", "/*a*b", "/a*/b/", "/**/*b", "/*a*a*"}) {
    auto p = Pattern::parse(t, effect::ResourceForm::host_path, "/");
    EXPECT_TRUE(p) << t;
    out.push_back(*p);
  }
  return out;
}

// Every path of up to three levels of these names: long enough for a witness of each difference among the patterns above.
std::vector<std::string> resources() {
  const std::vector<std::string> names{"a", "b", "c", "ab", "ba", "aa", "aba", "cbc", "aab", "abba", "bab", "cab", "baa"};
  std::vector<std::string> out{"/"}, last{""};
  for (int depth = 0; depth < 3; ++depth) {
    std::vector<std::string> next;
    for (const auto& p : last)
      for (const auto& n : names) next.push_back(p + "/" + n);
    out.insert(out.end(), next.begin(), next.end());
    last = std::move(next);
  }
  return out;
}

struct Small : testing::Test {
  const std::vector<Pattern> all = patterns();
  const std::vector<std::string> paths = resources();
  std::vector<std::vector<bool>> meaning = [this] {  // of each pattern: which paths it covers
    std::vector<std::vector<bool>> out;
    for (const auto& p : all) {
      auto& row = out.emplace_back();
      for (const auto& r : paths) row.push_back(p.covers(r));
    }
    return out;
  }();
};

TEST_F(Small, InclusionIsWhatTheResourcesSay) {
  for (std::size_t a = 0; a < all.size(); ++a)
    for (std::size_t b = 0; b < all.size(); ++b) {
      bool included = true;
      for (std::size_t r = 0; r < paths.size(); ++r) included = included && (!meaning[b][r] || meaning[a][r]);
      ASSERT_EQ(includes(all[a], std::span(&all[b], 1)), included) << all[a].text() << " of " << all[b].text();
    }
}

TEST_F(Small, TwoAtOnceAreWhatBothSay) {
  int more_than_one = 0;  // included in what both say, and in neither alone
  for (std::size_t a = 0; a < all.size(); a += 2)
    for (std::size_t b = a + 1; b < all.size(); ++b) {
      const std::vector<Pattern> both{all[a], all[b]};
      bool empty = true;
      for (std::size_t r = 0; r < paths.size(); ++r) empty = empty && !(meaning[a][r] && meaning[b][r]);
      ASSERT_EQ(is_empty(both), empty) << all[a].text() << " and " << all[b].text();
      for (std::size_t o = 0; o < all.size(); o += 3) {
        bool included = true;
        for (std::size_t r = 0; r < paths.size(); ++r) included = included && (!(meaning[a][r] && meaning[b][r]) || meaning[o][r]);
        const bool said = includes(all[o], both);
        ASSERT_TRUE(!said || included) << all[o].text() << " of " << all[a].text() << " and " << all[b].text();
        more_than_one += said && !includes(all[o], std::span(&all[a], 1)) && !includes(all[o], std::span(&all[b], 1));
      }
    }
  EXPECT_GT(more_than_one, 0);
}

TEST_F(Small, TheMeetCoversWhatBothCoverAndNothingElse) {
  for (std::size_t a = 0; a < all.size(); ++a)
    for (std::size_t b = 0; b < all.size(); ++b) {
      const Grant ga{.kind = effect::Kind::file_read, .resource = all[a]}, gb{.kind = effect::Kind::file_read, .resource = all[b]};
      const auto both = meet(ga, gb);
      for (std::size_t r = 0; r < paths.size(); ++r)
        ASSERT_EQ(both && both->covers(effect::Kind::file_read, paths[r]), meaning[a][r] && meaning[b][r])
            << all[a].text() << " and " << all[b].text() << " at " << paths[r];
      if (!both) continue;
      ASSERT_TRUE(covers(ga, *both) && covers(gb, *both));
      ASSERT_EQ(parse_grant(both->text(), "/", WallTime{}), *both) << both->text();
      const auto other = meet(gb, ga);
      ASSERT_TRUE(other && covers(*other, *both) && covers(*both, *other)) << both->text();
    }
}

TEST(Lattice, NamesHaveOneLevelAndAnyByte) {
  const auto is = [](const char* wide, const char* narrow) { return covers(grant(wide), grant(narrow)); };
  EXPECT_TRUE(is("env:*", "env:LC_*"));
  EXPECT_TRUE(is("env:LC_*", "env:LC_%2E"));
  EXPECT_FALSE(is("env:LC_*", "env:*"));
  EXPECT_TRUE(is("env:*/*", "env:A/B"));
  EXPECT_FALSE(is("env:*", "state.read:a"));
  EXPECT_TRUE(is("clock.real", "clock.real,uses=3"));
  EXPECT_FALSE(is("clock.real,uses=3", "clock.real"));
}

TEST(Lattice, LimitsMeetInTheSmaller) {
  const auto m = meet(grant("state.read:a/,uses=3,bytes=9,expires=2h,rate=10/s"), grant("state.read:a/b,uses=5,max_size=4,expires=1h,rate=60/min"));
  ASSERT_TRUE(m);
  EXPECT_EQ(m->text(), "state.read:a/b,uses=3,expires=1970-01-01T01:00:00.000000000Z,rate=10/10s,bytes=9B,max_size=4B");
  EXPECT_EQ(meet(grant("state.read:a,not_before=1h"), grant("state.read:a,not_before=2h"))->limits.not_before->ns, 7'200'000'000'000);
}

TEST(Lattice, NothingInBothIsAnError) {
  for (const auto& [a, b] : {std::pair("state.read:a", "state.read:b"), std::pair("state.read:a/", "state.write:a/"),
                             std::pair("file.read:/a*", "file.read:/b/**"), std::pair("env:A*", "env:B*")}) {
    const auto m = meet(grant(a), grant(b));
    ASSERT_FALSE(m) << a << " " << b;
    EXPECT_EQ(m.error().code, Code::denied);
  }
}

// Many stars: a question of inclusion ends, and never says yes where it is no.
TEST(Lattice, WhatWouldTakeTooLongIsNotCovered) {
  std::string wide = "file.read:/**/a*", narrow = "file.read:/**/a*";
  for (int i = 0; i < 30; ++i) wide += "/*", narrow += "/*";
  EXPECT_TRUE(covers(grant(wide), grant(wide)));
  EXPECT_FALSE(covers(grant(wide), grant("file.read:/**")));
  static_cast<void>(covers(grant(wide), grant(narrow + "b")));
  std::string stars = "file.read:/";
  for (int i = 0; i < 2000; ++i) stars += "*a";
  EXPECT_FALSE(covers(grant(stars), grant("file.read:/*")));
}

// Random limits and patterns of both sides, and effects of any size: the meet allows what both allow (one use at a time).
TEST(Lattice, RandomGrantsMeetExactly) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const bool soak = std::getenv("WRIT_SOAK") != nullptr;
  const auto all = patterns();
  const auto paths = resources();
  const auto some = [&](Limits& l) {
    if (random() % 2) l.uses = 1 + random() % 4;
    if (random() % 2) l.bytes = ByteCount(random() % 8);
    if (random() % 2) l.max_size = ByteCount(random() % 8);
    if (random() % 2) l.rate = Rate{1 + random() % 5, Nanoseconds(1 + static_cast<std::int64_t>(random() % 9))};
  };
  for (int i = 0; i < (soak ? 1'000'000 : 20'000); ++i) {
    Grant a{.kind = effect::Kind::file_read, .resource = all[random() % all.size()]}, b = a;
    b.resource = all[random() % all.size()];
    some(a.limits);
    some(b.limits);
    const auto both = meet(a, b);
    const auto& path = paths[random() % paths.size()];
    const bool in_both = a.covers(effect::Kind::file_read, path) && b.covers(effect::Kind::file_read, path);
    ASSERT_EQ(both && both->covers(effect::Kind::file_read, path), in_both) << a.text() << " " << b.text() << " " << path;
    ASSERT_TRUE(!both || (covers(a, *both) && covers(b, *both))) << a.text() << " | " << b.text() << (both ? " -> " + both->text() : "");
  }
}

// parse(print(literal)) covers exactly that literal, whatever bytes it is made of.
TEST(Lattice, ALiteralCoversItselfAlone) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::string_view odd = "*?[]%,#&~ \n\t\"'\\`$;|<>(){}!^=\x1b\x7f\xc3\xa9\xff.";
  const auto name = [&] {
    std::string out;
    for (auto n = 1 + random() % 5; n > 0; --n) out += random() % 2 ? odd[random() % odd.size()] : static_cast<char>('a' + random() % 3);
    return out == "." || out == ".." ? std::string("x") : out;
  };
  for (int i = 0; i < 20'000; ++i) {
    std::string path;
    for (auto n = 1 + random() % 3; n > 0; --n) path += "/" + name();
    const auto literal = Pattern::literal(path, effect::ResourceForm::host_path);
    ASSERT_TRUE(literal);
    const auto back = Pattern::parse(literal->text(), effect::ResourceForm::host_path, "/elsewhere");
    ASSERT_TRUE(back) << literal->text();
    ASSERT_EQ(*back, *literal);
    ASSERT_EQ(back->thing(), path);
    ASSERT_TRUE(back->covers(path));
    std::string other = path;
    switch (random() % 4) {
      case 0: other += "x"; break;
      case 1: other += "/x"; break;
      case 2: other.insert(random() % (other.size() - 1) + 1, 1, 'z'); break;
      case 3: other[1 + random() % (other.size() - 1)] ^= 0x20; break;
    }
    ASSERT_TRUE(other == path || other == path + "/" || !back->covers(other)) << literal->text() << " " << other;
  }
}

}  // namespace
}  // namespace writ::authority
