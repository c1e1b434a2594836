#include "writ/workspace/changes.h"

#include <gtest/gtest.h>

namespace writ::workspace {
namespace {

Base file_base(std::string_view content) {
  return {digest(as_bytes(content)), {{11}, 2, {12}, content.size()}, Kind::file, 0644, {}};
}

Change file_change(std::string path, std::string_view content, std::optional<Base> base = {}) {
  Change c;
  c.happened = base ? Happened::changed : Happened::created;
  c.base = std::move(base);
  c.digest = digest(as_bytes(content));
  c.mode = 0644;
  c.path = std::move(path);
  c.size = content.size();
  return c;
}

Change removal(std::string path, Base base) {
  Change c;
  c.happened = Happened::removed;
  c.kind = base.kind;
  c.base = std::move(base);
  c.path = std::move(path);
  return c;
}

Changes sample() {
  Tree t;
  t.root = "/srv/w";
  t.changes.push_back(file_change("a\nb\xff", "one\n", file_base("two\n")));
  Change folder;
  folder.kind = Kind::folder;
  folder.mode = 0755;
  folder.path = "d";
  t.changes.push_back(folder);
  t.changes.push_back(file_change("d/x", "x"));
  Change twin = file_change("d/y", "x");
  twin.same_as = "d/x";
  t.changes.push_back(twin);
  Change link;
  link.kind = Kind::link;
  link.mode = 0777;
  link.path = "l";
  link.target = "d/x";
  t.changes.push_back(link);
  t.changes.push_back(removal("z", file_base("")));
  t.seen.push_back({{{}, {{1}, 9, {1}, 4096}, Kind::folder, 0755, {}}, ""});
  return {{t}};
}

TEST(Changes, HaveOneText) {
  const auto text = text_of(sample());
  const auto back = parse_changes(text);
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(*back, sample());
  EXPECT_EQ(text_of(*back), text);
}

TEST(Changes, CountFilesAndNotFolders) {
  auto changes = sample();
  changes.trees[0].changes[0].lines = {1, 2};
  EXPECT_EQ(totals(changes).files, 5u);
  EXPECT_EQ(totals(changes).lines, (Lines{1, 2}));
}

// Each of these is well formed, and could not have been sealed.
TEST(Changes, RefuseWhatWasNeverSealed) {
  const auto refused = [](auto&& spoil) {
    auto c = sample();
    spoil(c.trees[0]);
    return !parse_changes(text_of(c));
  };
  EXPECT_TRUE(refused([](Tree& t) { t.root = "relative"; }));
  EXPECT_TRUE(refused([](Tree& t) { t.root = "/a/../b"; }));
  EXPECT_TRUE(refused([](Tree& t) { t.changes.clear(); }));
  EXPECT_TRUE(refused([](Tree& t) { std::swap(t.changes[0], t.changes[1]); }));
  EXPECT_TRUE(refused([](Tree& t) { t.changes[1] = t.changes[0]; }));
  for (const char* path : {"", "/z", "..", "../z", "zz/../../z", "zz//z", "zz/.", "zz/", ".writ/z", "zz/.writ", "zz/.writ-commit-1"})
    EXPECT_TRUE(refused([&](Tree& t) { t.changes.back().path = path; })) << path;
  EXPECT_TRUE(refused([](Tree& t) { t.changes.back().path = std::string("z\0z", 3); }));
  EXPECT_TRUE(refused([](Tree& t) { t.changes[0].base.reset(); }));
  EXPECT_TRUE(refused([](Tree& t) { t.changes[0].base->digest.reset(); }));
  EXPECT_TRUE(refused([](Tree& t) { t.changes[0].digest.reset(); }));
  EXPECT_TRUE(refused([](Tree& t) { t.changes[0].mode = 04755; }));
  EXPECT_TRUE(refused([](Tree& t) { t.changes[0].base->mode = 04755; }));
  EXPECT_TRUE(refused([](Tree& t) { t.changes[2].base = file_base("q"); }));
  EXPECT_TRUE(refused([](Tree& t) { t.changes[3].same_as = "l"; }));
  EXPECT_TRUE(refused([](Tree& t) { t.changes[3].same_as = "d"; }));
  EXPECT_TRUE(refused([](Tree& t) { t.changes[4].target.clear(); }));
  EXPECT_TRUE(refused([](Tree& t) { t.changes[5].digest = digest({}); }));
  EXPECT_TRUE(refused([](Tree& t) { t.changes[5].kind = Kind::folder; }));
  EXPECT_TRUE(refused([](Tree& t) { t.seen[0].path = "../x"; }));
  EXPECT_FALSE(refused([](Tree&) {}));
  auto nested = sample();
  nested.trees.push_back(nested.trees[0]);
  nested.trees[1].root += "/d";
  EXPECT_FALSE(parse_changes(text_of(nested)));
  nested.trees[1].root = "/srv/w2";
  EXPECT_TRUE(parse_changes(text_of(nested)));
}

std::vector<std::string> paths_of(const Changes& c) {
  std::vector<std::string> out;
  for (const auto& t : c.trees)
    for (const auto& change : t.changes) out.push_back(change.path);
  return out;
}

TEST(Changes, OnlySomeTakeWhatTheyNeedAlong) {
  using V = std::vector<std::string>;
  const auto all = sample();
  auto some = only(all, {"/srv/w/d/y"});
  ASSERT_TRUE(some) << some.error().text();
  EXPECT_EQ(paths_of(*some), (V{"d", "d/x", "d/y"}));
  some = only(all, {"/srv/w/z", "/srv/w/l"});
  ASSERT_TRUE(some);
  EXPECT_EQ(paths_of(*some), (V{"l", "z"}));
  EXPECT_TRUE(parse_changes(text_of(*some)));
  some = only(all, {"/srv/w/"});
  ASSERT_TRUE(some);
  EXPECT_EQ(*some, all);
  EXPECT_FALSE(only(all, {"/srv/w/q"}));
  EXPECT_FALSE(only(all, {"/srv/w2"}));
  EXPECT_FALSE(only(all, {"/srv/w/l", "/srv/w/dd"}));
}

}  // namespace
}  // namespace writ::workspace
