#include "writ/authority/grant.h"

#include <gtest/gtest.h>

#include <random>

namespace writ::authority {
namespace {

using effect::Kind;

constexpr std::string_view folder = "/home/me/work";
constexpr WallTime now{1'800'000'000'000'000'000};

Grant good(std::string_view text) {
  auto g = parse_grant(text, folder, now);
  EXPECT_TRUE(g) << text << ": " << (g ? "" : g.error().text());
  return g ? *g : Grant{};
}

std::string refusal(std::string_view text) {
  const auto g = parse_grant(text, folder, now);
  if (g) return "accepted: " + g->text();
  EXPECT_EQ(g.error().code, Code::invalid);
  EXPECT_NE(g.error().where.find("grant \""), std::string::npos);
  return g.error().text();
}

bool covers(std::string_view grant, std::string_view resource) {
  const auto g = good(grant);
  return g.covers(g.kind, resource);
}

TEST(Grant, SaysWhatItMeans) {
  EXPECT_EQ(good("state.read:orders/").text(), "state.read:orders/");
  EXPECT_EQ(good("state.write:orders/2026-*.json,max_size=1MiB").text(), "state.write:orders/2026-*.json,max_size=1MiB");
  EXPECT_EQ(good("file.read:/usr/share/zoneinfo/").text(), "file.read:/usr/share/zoneinfo/");
  EXPECT_EQ(good("clock.real").text(), "clock.real");
  EXPECT_EQ(good("env:HOME").text(), "env:HOME");
  EXPECT_EQ(good("env:LC_*").text(), "env:LC_*");
  EXPECT_EQ(good("clock.real,uses=3,expires=10min").text(), "clock.real,uses=3,expires=2027-01-15T08:10:00.000000000Z");
}

TEST(Grant, HostPathsAreTakenFromTheWorkingFolderAndMadeCanonical) {
  EXPECT_EQ(good("file.read:out/").text(), "file.read:/home/me/work/out/");
  EXPECT_EQ(good("file.read:./out").text(), "file.read:/home/me/work/out");
  EXPECT_EQ(good("file.read:../x/./y//z").text(), "file.read:/home/me/x/y/z");
  EXPECT_EQ(good("file.read:.").text(), "file.read:/home/me/work");
  EXPECT_EQ(good("file.read:./").text(), "file.read:/home/me/work/");
  EXPECT_EQ(good("file.read:/a/%2E%2E/b").text(), "file.read:/b");  // an escape is the same byte
  EXPECT_EQ(good("file.read:/../../etc/").text(), "file.read:/etc/");
  EXPECT_EQ(good("file.read:/").text(), "file.read:/");
  EXPECT_EQ(good("file.read:/.").text(), "file.read:/.");
  EXPECT_EQ(good("file.read:**").text(), "file.read:/home/me/work/**");
  EXPECT_EQ(parse_grant("file.read:x", "/odd *folder", now)->text(), "file.read:/odd%20%2Afolder/x");
}

TEST(Grant, LevelsAndWildcards) {
  EXPECT_TRUE(covers("state.read:orders/", "orders/a"));
  EXPECT_TRUE(covers("state.read:orders/", "orders/a/b"));
  EXPECT_TRUE(covers("state.read:orders/", "orders"));   // the folder itself
  EXPECT_TRUE(covers("state.read:orders/", "orders/"));  // its listing
  EXPECT_FALSE(covers("state.read:orders/", "orders2"));
  EXPECT_FALSE(covers("state.read:orders/", ""));
  EXPECT_TRUE(covers("state.read:orders", "orders"));
  EXPECT_TRUE(covers("state.read:orders", "orders/"));
  EXPECT_FALSE(covers("state.read:orders", "orders/a"));
  EXPECT_TRUE(covers("state.read:o/2026-*.json", "o/2026-.json"));
  EXPECT_TRUE(covers("state.read:o/2026-*.json", "o/2026-01.json"));
  EXPECT_FALSE(covers("state.read:o/2026-*.json", "o/2026-01/x.json"));
  EXPECT_FALSE(covers("state.read:o/2026-*.json", "o/2026-01.jso"));
  EXPECT_FALSE(covers("state.read:o/ab*ba", "o/aba"));  // the pieces do not overlap
  EXPECT_TRUE(covers("state.read:a/**/z", "a/z"));
  EXPECT_TRUE(covers("state.read:a/**/z", "a/b/c/z"));
  EXPECT_FALSE(covers("state.read:a/**/z", "a/b/c/zz"));
  EXPECT_TRUE(covers("state.read:**", ""));
  EXPECT_TRUE(covers("state.read:/", "x/y"));
  EXPECT_TRUE(covers("state.read:/", "/"));
  EXPECT_TRUE(covers("state.read:.", ""));
  EXPECT_FALSE(covers("state.read:.", "x"));
  EXPECT_TRUE(covers("state.read:a/*/", "a/b/c"));
  EXPECT_FALSE(covers("state.read:a/*/", "a"));
  EXPECT_TRUE(covers("file.read:/a/*", "/a/.hidden"));
  EXPECT_TRUE(covers("file.read:/a%2A", "/a*"));
  EXPECT_FALSE(covers("file.read:/a%2A", "/ab"));
  EXPECT_TRUE(covers("file.read:/", "/"));
  EXPECT_TRUE(covers("file.read:/.", "/"));
  EXPECT_FALSE(covers("file.read:/.", "/etc"));
  EXPECT_TRUE(covers("env:*", "A/B=C"));
  EXPECT_FALSE(covers("env:HOME", "HOM"));
  EXPECT_TRUE(covers("clock.real", ""));
}

TEST(Grant, WhatIsNotCanonicalIsCoveredByNothing) {
  for (const char* g : {"file.read:/", "file.read:/**", "file.read:/a/", "file.read:/a/**", "file.read:/a/*/*"})
    for (const char* r : {"/a/../b", "/a/./b", "/a//b", "a/b", "", "/a/..", "/a/.", "//", "/a//"})
      EXPECT_FALSE(covers(g, r)) << g << " " << r;
  EXPECT_FALSE(covers("file.read:/", std::string_view("/a\0b", 4)));
  EXPECT_FALSE(covers("state.read:/", "/a"));
}

TEST(Grant, FoldersOnTheWay) {
  const auto below = [](std::string_view g, std::string_view r) { return good(g).resource->covers_below(r); };
  EXPECT_TRUE(below("file.read:/a/b/c", "/"));
  EXPECT_TRUE(below("file.read:/a/b/c", "/a/b"));
  EXPECT_TRUE(below("file.read:/a/b/c", "/a/b/"));
  EXPECT_FALSE(below("file.read:/a/b/c", "/a/bb"));
  EXPECT_FALSE(below("file.read:/a/b/c", "/a/b/c/d"));
  EXPECT_TRUE(below("file.read:/a/b/", "/a/b/c/d"));
  EXPECT_TRUE(below("file.read:/a/*/c", "/a/x"));
  EXPECT_FALSE(below("file.read:/a/*/c", "/a/x/y"));
  EXPECT_TRUE(below("file.read:/a/**/c", "/a/x/y"));
  EXPECT_TRUE(below("state.read:a/b", ""));
  EXPECT_FALSE(below("state.read:a/b", "b"));
  const auto all = [](std::string_view g, std::string_view r) { return good(g).resource->covers_all_below(r); };
  EXPECT_TRUE(all("file.read:/a/", "/a"));
  EXPECT_TRUE(all("file.read:/a/", "/a/b"));
  EXPECT_TRUE(all("file.read:/a/**", "/a"));
  EXPECT_TRUE(all("file.read:/*/", "/a"));
  EXPECT_FALSE(all("file.read:/a", "/a"));
  EXPECT_FALSE(all("file.read:/a/*", "/a"));
  EXPECT_FALSE(all("file.read:/a/", "/"));
  EXPECT_EQ(good("file.read:/a/b/*/c").resource->root(), "/a/b");
  EXPECT_EQ(good("file.read:/a/b/c").resource->root(), "/a/b/c");
  EXPECT_EQ(good("file.read:/a/b/").resource->root(), "/a/b");
  EXPECT_EQ(good("file.read:/**").resource->root(), "/");
}

struct Bad {
  const char* text;
  const char* says;
};

TEST(Grant, RefusesWithTheWordsThatWork) {
  const Bad cases[] = {
      {"", "the grant is empty"},
      {"state.raed:orders/", "did you mean `state.read`?"},
      {"file.raed:/x", "did you mean `file.read`?"},
      {"net.connect:x:443", "effects are state.read, state.write"},
      {"State.Read:x", "unknown effect `State.Read`"},
      {" state.read:x", "unknown effect"},
      {":x", "no effect before the resource"},
      {",uses=3", "no effect before the resource"},
      {"state.read", "needs a resource"},
      {"state.read,uses=1", "needs a resource"},
      {"state.read:", "the resource is empty"},
      {"state.read:,uses=1", "the resource is empty"},
      {"clock.real:", "takes no resource"},
      {"clock.real:x", "takes no resource"},
      {"file.read:/x?max_size=1MiB&uses=3", "limits follow a comma: file.read:/x,max_size=1MiB,uses=3"},
      {"file.read:/x&uses=3", "limits follow a comma: file.read:/x,uses=3"},
      {"file.read:/a?.txt", "a literal ? is written %3F"},
      {"file.read:/x,", "nothing follows the comma"},
      {"file.read:/x,,uses=1", "nothing follows the comma"},
      {"file.read:/x,uses=1,", "nothing follows the comma"},
      {"file.read:/x,uses", "write for example uses=3"},
      {"file.read:/x,uses=", "has no value"},
      {"file.read:/x,usse=3", "did you mean `uses`?"},
      {"file.read:/x,maxsize=3", "did you mean `max_size`?"},
      {"file.read:/x,y.txt", "a comma that belongs to the resource is written %2C"},
      {"file.read:/x,uses=1,uses=2", "given twice"},
      {"file.read:/x,uses=0", "would grant nothing"},
      {"file.read:/x,uses=-1", "not a whole number"},
      {"file.read:/x,uses=+1", "not a whole number"},
      {"file.read:/x,uses=99999999999999999999", "not a whole number"},
      {"file.read:/x,max_size=1XB", "unknown unit"},
      {"file.read:/x,bytes=lots", "no number"},
      {"file.read:/x,rate=10", "not COUNT/TIME"},
      {"file.read:/x,rate=10/", "not COUNT/TIME"},
      {"file.read:/x,rate=0/s", "not 1 to"},
      {"file.read:/x,rate=1/0s", "not 1ns to"},
      {"file.read:/x,rate=1/367d", "not 1ns to"},
      {"file.read:/x,time=60", "no unit"},
      {"file.read:/x,time=0s", "would grant nothing"},
      {"file.read:/x,expires=tomorrow", "neither a time from now nor an instant"},
      {"file.read:/x,expires=2027-02-29T00:00:00Z", "neither"},
      {"file.read:/x,expires=2027-01-01T24:00:00Z", "neither"},
      {"file.read:/x,expires=2027-01-01", "neither"},
      {"file.read:/x,expires=2027-01-01T00:00:00", "neither"},
      {"file.read:/x,expires=2027-01-01T00:00:00Z0", "neither"},
      {"file.read:~/x", "write $HOME or the absolute path"},
      {"file.read:/a/~x", "%7E"},
      {"file.read:/x y", "a literal one is written %20: /x%20y"},
      {"file.read:/x[1]*", "a literal one is written %5B: /x%5B1%5D*"},
      {"file.read:/x#", "%23"},
      {"file.read:/x'", "%27"},
      {"file.read:/x\n", "%0A"},
      {"file.read:/$HOME", "%24"},
      {"file.read:/x%", "two hexadecimal digits"},
      {"file.read:/x%4", "two hexadecimal digits"},
      {"file.read:/x%4g", "two hexadecimal digits"},
      {"file.read:/x%00", "NUL"},
      {"file.read:/x%2Fy", "no name in a path holds a `/`"},
      {"file.read:/x/**y", "`**` stands for whole levels"},
      {"file.read:/x/***", "`**` stands for whole levels"},
      {"file.read:/*/../x", "`..` after a wildcard"},
      {"state.read:/x", "; write x"},
      {"state.read://", "no leading `/`"},
      {"state.read:a//b", "an empty level"},
      {"state.read:a//", "an empty level"},
      {"state.read:./a", "`.` in an object path"},
      {"state.read:a/..", "`..` in an object path"},
      {"state.read:a/%2E%2E/b", "`..` in an object path"},
      {"env:HOME=/x", "a name holds no value (grant"},
      {"env:**", "no levels"},
  };
  for (const auto& c : cases)
    EXPECT_NE(refusal(c.text).find(c.says), std::string::npos) << c.text << "\n  said: " << refusal(c.text);
  EXPECT_NE(refusal(std::string_view("file.read:/x\0y", 14)).find("%00"), std::string::npos);
}

TEST(Grant, TooManyLevelsUnderAWildcardAreRefused) {
  std::string path = "file.read:";
  for (std::size_t i = 0; i < max_wild_levels; ++i) path += "/*";
  EXPECT_TRUE(parse_grant(path, folder, now));
  EXPECT_NE(refusal(path + "/x").find("more than 62 levels"), std::string::npos);
  std::string plain = "file.read:";
  for (int i = 0; i < 1000; ++i) plain += "/x";
  EXPECT_TRUE(covers(plain, std::string_view(plain).substr(10)));
}

TEST(Grant, ADenyTakesNoLimits) {
  EXPECT_EQ(parse_deny("file.read:/etc/", folder)->text(), "file.read:/etc/");
  const auto e = parse_deny("file.read:/etc/,uses=3", folder);
  ASSERT_FALSE(e);
  EXPECT_EQ(e.error().text(), "a deny takes no limits (deny \"file.read:/etc/,uses=3\"); write file.read:/etc/");
}

TEST(Grant, ExpiryIsAnInstant) {
  EXPECT_EQ(good("env:X,expires=2027-01-01T00:00:00Z").limits.expires->ns, 1798761600'000'000'000);
  EXPECT_EQ(good("env:X,expires=2027-01-01T02:30:00+02:30").limits.expires->ns, 1798761600'000'000'000);
  EXPECT_EQ(good("env:X,expires=2026-12-31T23:00:00.5-01:00").limits.expires->ns, 1798761600'500'000'000);
  EXPECT_EQ(good("env:X,expires=2024-02-29T12:00:00Z").limits.expires->ns, 1709208000'000'000'000);
  EXPECT_EQ(good("env:X,expires=1s").limits.expires->ns, now.ns + 1'000'000'000);
  EXPECT_NE(refusal("env:X,expires=100000d").find("too far away"), std::string::npos);
}

Grant random_grant(std::mt19937_64& random) {
  const auto pick = [&](std::uint64_t n) { return random() % n; };
  const auto& word = effect::vocabulary[pick(effect::vocabulary.size())];
  std::string text(word.name);
  if (word.resource != effect::ResourceForm::none) {
    text += ':';
    const bool name = word.resource == effect::ResourceForm::name;
    if (word.resource == effect::ResourceForm::host_path) text += '/';
    for (auto levels = 1 + (name ? 0 : pick(4)); levels > 0; --levels) {
      std::string bytes;
      for (auto n = 1 + pick(6); n > 0; --n)
        if (const char c = static_cast<char>(1 + pick(255)); c != '/') bytes += c;
      std::string level = escape_resource(bytes);
      if (level.empty() || level == "." || level == "..") level = "x";
      if (pick(4) == 0) level += "*" + escape_resource(bytes);
      if (!name && pick(6) == 0) level = "**";
      text += level + (levels > 1 || (!name && pick(3) == 0) ? "/" : "");
    }
  }
  if (pick(2)) text += ",uses=" + std::to_string(1 + random() / 2);
  if (pick(2)) text += ",expires=" + std::to_string(pick(1000000)) + "ms";
  if (pick(2)) text += ",rate=" + std::to_string(1 + pick(1000)) + "/" + std::to_string(1 + pick(90)) + "s";
  if (pick(2)) text += ",bytes=" + std::to_string(random());
  if (pick(2)) text += ",max_size=" + std::to_string(pick(10)) + "MiB";
  if (pick(2)) text += ",time=" + std::to_string(1 + pick(7200)) + "s";
  return good(text);
}

TEST(Grant, ItsTextParsesBackToItAndNoShellTouchesIt) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20000; ++i) {
    const auto g = random_grant(random);
    const auto text = g.text();
    const auto back = parse_grant(text, "/elsewhere", WallTime{});
    ASSERT_TRUE(back) << text << ": " << back.error().text();
    ASSERT_EQ(*back, g) << text;
    ASSERT_EQ(back->text(), text);
    ASSERT_EQ(text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@+%*=,"),
              std::string::npos)
        << text;
  }
}

// Texts that are near to grants: accepted ones must round-trip, refused ones must say so and nothing else.
TEST(Grant, TheParserTakesOrRefusesAnyText) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::string_view pieces[] = {
      "*", "**", "/", "..", ".", "%", "%2A", "%2f", ",", ",uses=", "=", ":", "?", "~", "\n", "\xff", "9", "s", "Z", "T"};
  int accepted = 0;
  for (int i = 0; i < 30000; ++i) {
    auto text = random_grant(random).text();
    for (auto n = 1 + random() % 3; n > 0; --n) {
      const auto at = random() % (text.size() + 1);
      if (random() % 3 == 0) text.erase(at, 1 + random() % 3);
      else text.insert(at, pieces[random() % std::size(pieces)]);
    }
    const auto g = parse_grant(text, folder, now);
    if (!g) {
      ASSERT_EQ(g.error().code, Code::invalid);
      ASSERT_FALSE(g.error().what.empty());
      continue;
    }
    ++accepted;
    const auto back = parse_grant(g->text(), "/elsewhere", WallTime{});
    ASSERT_TRUE(back) << text << " -> " << g->text() << ": " << back.error().text();
    ASSERT_EQ(*back, *g) << text;
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace writ::authority
