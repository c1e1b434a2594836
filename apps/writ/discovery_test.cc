#include "discovery.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git_index.h"
#include "test_folder.h"
#include "trust.h"
#include "writ/base/birthplace.h"

namespace writ::cli {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

struct Entry {
  std::string name;
  bool extended = false;
};

// An index as git writes it, from gitformat-index alone; the trailing SHA-1 is not looked at.
std::string index_file(std::uint32_t version, const std::vector<Entry>& entries, const std::string& extension = {}) {
  const auto number = [](std::uint32_t n) {
    std::string s;
    for (int shift = 24; shift >= 0; shift -= 8) s += static_cast<char>(n >> shift);
    return s;
  };
  std::string out = "DIRC" + number(version) + number(static_cast<std::uint32_t>(entries.size())), previous;
  for (const Entry& e : entries) {
    std::string entry(60, '\x07');
    entry += e.extended ? '\x40' : '\0';
    entry += static_cast<char>(e.name.size());
    if (e.extended) entry += std::string(2, '\0');
    if (version == 4) {
      std::size_t same = 0;
      while (same < std::min(previous.size(), e.name.size()) && previous[same] == e.name[same]) ++same;
      entry += static_cast<char>(previous.size() - same) + e.name.substr(same) + '\0';
    } else {
      entry += e.name;
      entry.append(8 - entry.size() % 8, '\0');
    }
    out += entry;
    previous = e.name;
  }
  if (!extension.empty()) out += extension + number(4) + "abcd";
  return out + std::string(20, '\x55');
}

TEST(GitIndex, NamesAreFoundInEveryFormat) {
  for (const std::uint32_t version : {2u, 3u, 4u}) {
    const bool extended = version > 2;
    const std::string index = index_file(
        version, {{"a", false}, {"a/.writ/writ.db", extended}, {"a/b", false}, {"longer name/é", extended}}, "TREE");
    EXPECT_TRUE(*index_names(index, "a/.writ")) << version;
    EXPECT_TRUE(*index_names(index, "longer name/é")) << version;
    EXPECT_FALSE(*index_names(index, ".writ")) << version;
    EXPECT_FALSE(*index_names(index, "a/.wri")) << version;
    EXPECT_FALSE(*index_names(index, "a/.writ/writ.db/x")) << version;
  }
  EXPECT_TRUE(*index_names(index_file(3, {{"a/", true}}), "a/.writ")) << "a sparse index names the folder above";
}

TEST(GitIndex, DamageIsNeverReadAsUntracked) {
  const std::string good = index_file(2, {{"x", false}, {"y/z", false}});
  for (std::size_t n = 0; n < good.size(); ++n) EXPECT_FALSE(index_names(good.substr(0, n), "zz")) << n;
  EXPECT_FALSE(index_names(index_file(5, {}), "a"));
  EXPECT_FALSE(index_names(index_file(2, {{"x", false}}, "link"), "a")) << "a split index keeps names elsewhere";
  EXPECT_FALSE(index_names(
      index_file(4, {{std::string(100, 'a'), false}, {std::string(100, 'a') + std::string(5000, 'b'), false}}), "zz"))
      << "longer than any path";
  std::string many = good;
  many[11] = 100;
  EXPECT_FALSE(index_names(many, "zz"));
}

class Discovery : public testing::Test {
 protected:
  Surroundings around(const std::string& working_folder, std::vector<std::string> variables = {}) const {
    Surroundings s;
    s.working_folder = working_folder;
    s.user = ::geteuid();
    s.environment = std::move(variables);
    s.environment.push_back("HOME=" + home_.path());
    return s;
  }
  std::string planted(const std::string& where, mode_t mode = 0700) const {
    const std::string path = root_.folder(where + "/.writ");
    ::chmod(path.c_str(), mode);
    return path;
  }
  std::string refusal(const std::string& folder) const {
    const auto r = find_store(around(folder), {});
    EXPECT_FALSE(r);
    if (r) return std::string();
    EXPECT_EQ(r.error().code, Code::denied);
    EXPECT_THAT(r.error().hint, HasSubstr("writ trust "));
    return r.error().what;
  }
  TestFolder root_, home_;
};

TEST_F(Discovery, TheOrderIsOptionVariableNearestOwn) {
  const std::string store = planted("a");
  const std::string below = root_.folder("a/b/c");
  EXPECT_EQ(find_store(around(below, {"WRIT_STORE=v"}), "o")->folder, below + "/o");
  EXPECT_EQ(find_store(around(below, {"WRIT_STORE=/v"}), {})->folder, "/v");
  EXPECT_EQ(find_store(around(below), {})->folder, store);
  EXPECT_EQ(find_store(around(below), {})->origin, Origin::found);
  EXPECT_EQ(find_store(around(root_.folder("other")), {})->folder, home_.path() + "/.local/share/writ");
  EXPECT_EQ(find_store(around(root_.path(), {"XDG_DATA_HOME=/data"}), {})->folder, "/data/writ");
  const std::string nearer = planted("a/b");
  EXPECT_EQ(find_store(around(below), {})->folder, nearer);
}

TEST_F(Discovery, WithoutAHomeItSaysWhatToSet) {
  Surroundings s = around(root_.path());
  s.environment.clear();
  const auto r = find_store(s, {});
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, Code::unavailable);
  EXPECT_THAT(r.error().hint, testing::AllOf(HasSubstr("HOME"), HasSubstr("XDG_DATA_HOME")));
  EXPECT_EQ(find_store(around(root_.path(), {"XDG_DATA_HOME=relative"}), {}).error().code, Code::invalid);
}

TEST_F(Discovery, APlantedStoreIsRefusedWithTheReasonAndTheWayOut) {
  planted("world", 0707);
  planted("group", 0770);
  EXPECT_THAT(refusal(root_ / "world"), HasSubstr("others can write"));
  EXPECT_THAT(refusal(root_ / "group"), HasSubstr("others can write"));
  planted("real");
  root_.folder("link");
  fs::create_directory_symlink(root_ / "real/.writ", root_ / "link/.writ");
  EXPECT_THAT(refusal(root_ / "link"), HasSubstr("symbolic link"));
  root_.folder("file");
  root_.file("file/.writ", "");
  EXPECT_THAT(refusal(root_ / "file"), HasSubstr("not a folder"));
  EXPECT_THAT(suspicion(root_ / "real/.writ", ::geteuid() + 1).value(), HasSubstr("belongs to user"));
}

// An archive brings whatever folder it likes; a store in it would have this user's next command carry out its intents.
TEST_F(Discovery, AStoreThatWasUnpackedIsRefused) {
  const std::string store = planted("made");
  root_.file("made/.writ/writ.db", "a store");
  EXPECT_THAT(refusal(root_ / "made"), HasSubstr("not made here"));
  ASSERT_TRUE(mark_birth(store, store + "/writ.db"));
  EXPECT_TRUE(find_store(around(root_ / "made"), {}));
  fs::rename(root_ / "made", root_ / "moved");
  EXPECT_TRUE(find_store(around(root_ / "moved"), {})) << "a folder may be moved";
  fs::copy(root_ / "moved", root_ / "copied", fs::copy_options::recursive);
  ::chmod((root_ / "copied/.writ").c_str(), 0700);
  EXPECT_THAT(refusal(root_ / "copied"), HasSubstr("not made here"));
  const auto real = root_ / "copied/.writ";
  ASSERT_TRUE(trust_store(home_.path() + "/.config/writ", real));
  EXPECT_TRUE(find_store(around(root_ / "copied"), {})) << "whose it is can say so";
  // Another file under the name of one that was made here, as an archive unpacked over a project would leave it.
  fs::remove(root_ / "moved/.writ/writ.db");
  ::usleep(20'000);  // longer than a tick: some file systems give the inode away at once
  root_.file("moved/.writ/writ.db", "another");
  EXPECT_THAT(refusal(root_ / "moved"), HasSubstr("not made here"));
}

// `writ init` there would take over what an archive brought: compiled images, digests of programs.
TEST_F(Discovery, AFolderThatSomebodyPreparedIsRefused) {
  planted("prepared");
  EXPECT_TRUE(find_store(around(root_ / "prepared"), {})) << "empty";
  root_.file("prepared/.writ/writ.db.new", "of an init that was killed");
  root_.file("prepared/.writ/born", "the same");
  EXPECT_TRUE(find_store(around(root_ / "prepared"), {}));
  root_.folder("prepared/.writ/cache");
  EXPECT_THAT(refusal(root_ / "prepared"), HasSubstr("holds cache"));
}

TEST_F(Discovery, AStoreThatGitTracksIsRefusedAlsoFromBelowAndFromALinkedWorkTree) {
  planted("repo/sub");
  root_.folder("repo/.git");
  root_.file("repo/.git/index", index_file(2, {{"sub/.writ/writ.db", false}}));
  const std::string below = root_.folder("repo/sub/deep");
  EXPECT_THAT(find_store(around(below), {}).error().what, HasSubstr("git tracks it"));
  root_.file("repo/.git/index", index_file(2, {{"sub/.writer", false}}));
  EXPECT_TRUE(find_store(around(below), {}));
  root_.file("repo/.git/index", "not an index at all, but long enough to be looked at by the reader");
  EXPECT_THAT(find_store(around(below), {}).error().what, HasSubstr("nobody can tell"));

  planted("linked");
  root_.folder("main/.git/worktrees/linked");
  root_.file("linked/.git", "gitdir: " + (root_ / "main/.git/worktrees/linked") + "\n");
  EXPECT_TRUE(find_store(around(root_ / "linked"), {})) << "no index yet: nothing is tracked";
  root_.file("main/.git/worktrees/linked/index", index_file(4, {{".writ/writ.db", false}}));
  EXPECT_THAT(find_store(around(root_ / "linked"), {}).error().what, HasSubstr("git tracks it"));
}

TEST_F(Discovery, ANamedPipeWhereGitHasFilesIsNotWaitedFor) {
  ::alarm(20);  // without the check this test would never end
  planted("repo");
  root_.folder("repo/.git");
  ASSERT_EQ(::mkfifo((root_ / "repo/.git/index").c_str(), 0600), 0);
  EXPECT_THAT(find_store(around(root_ / "repo"), {}).error().what, HasSubstr("nobody can tell"));
  planted("linked");
  ASSERT_EQ(::mkfifo((root_ / "linked/.git").c_str(), 0600), 0);
  EXPECT_THAT(find_store(around(root_ / "linked"), {}).error().what, HasSubstr("nobody can tell"));
  ::alarm(0);
}

TEST_F(Discovery, TrustHoldsForThatFolderAlone) {
  const std::string store = planted("world", 0707);
  const std::string config = home_.path() + "/.config/writ";
  ASSERT_TRUE(trust_store(config, store));
  ASSERT_TRUE(trust_store(config, store)) << "twice is once";
  EXPECT_EQ(find_store(around(root_ / "world"), {})->folder, store);
  planted("other", 0707);
  EXPECT_FALSE(find_store(around(root_ / "other"), {}));
  fs::rename(store, root_ / "moved");
  fs::create_directory_symlink(root_ / "other/.writ", store);
  EXPECT_FALSE(find_store(around(root_ / "world"), {})) << "a link put in its place leads elsewhere";
  EXPECT_FALSE(trust_store(config, "/a\nb"));
}

TEST_F(Discovery, AListOfTrustThatOthersCanWriteIsRefused) {
  const std::string store = planted("world", 0707);
  const std::string config = home_.path() + "/.config/writ";
  ASSERT_TRUE(trust_store(config, store));
  ::chmod((config + "/trusted-stores").c_str(), 0666);
  const auto r = find_store(around(root_ / "world"), {});
  ASSERT_FALSE(r);
  EXPECT_THAT(r.error().what, HasSubstr("others can write it"));
}

}  // namespace
}  // namespace writ::cli
