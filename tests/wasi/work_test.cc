// WASI over files that may be changed: staged, authorised by name and by where the name leads, and as a file system has it.
#include "guest.h"

namespace writ::guest::wasm::wasi {
namespace {

namespace fs = std::filesystem;
constexpr auto ok = 0, acces = 2, badf = 8, exist = 20, inval = 28, noent = 44, notdir = 54, notempty = 55, notsock = 57, notsup = 58,
               perm = 63, xdev = 75, notcapable = 76;

class WasiWork : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(place.path() + "/w/sub");
    std::ofstream(in("a.txt")) << "alpha";
    std::ofstream(in("sub/b.txt")) << "beta";
    std::ofstream(place.path() + "/outside.txt") << "outside";
    fs::create_symlink("../outside.txt", in("out"));
    fs::create_symlink("sub", in("in"));
  }
  std::string in(std::string_view name) const { return place.path() + "/w/" + std::string(name); }
  World work() const { return {.grants = {"file.read:" + in(""), "file.write:" + in("")}}; }
  static int link(Guest& g, std::string_view target, std::string_view path) {
    return g.call("path_symlink", g.put(target, 4096), target.size(), 3, g.put(path), path.size());
  }
  static int hard(Guest& g, std::string_view from, std::string_view to) {
    return g.call("path_link", 3, 0, g.put(from), from.size(), 3, g.put(to, 8192), to.size());
  }
  TemporaryFolder place;
};

TEST_F(WasiWork, StagesWhatAGuestDoes) {
  Guest g(work());
  EXPECT_EQ(g.create(in("a.txt"), "one"), ok);
  EXPECT_EQ(g.create(in("in/new"), "two"), ok);
  EXPECT_EQ(g.content(in("a.txt")), "one");
  EXPECT_EQ(g.content(in("sub/new")), "two");
  EXPECT_EQ(g.on_path("path_create_directory", in("d")), ok);
  EXPECT_EQ(g.on_path("path_create_directory", in("d")), exist);
  EXPECT_EQ(g.rename(in("sub/b.txt"), in("d/c.txt")), ok);
  EXPECT_EQ(link(g, "d/c.txt", in("l")), ok);
  EXPECT_EQ(g.content(in("l")), "beta");
  EXPECT_EQ(hard(g, in("d/c.txt"), in("twin")), ok);
  EXPECT_EQ(g.on_path("path_remove_directory", in("d")), notempty);
  EXPECT_EQ(g.on_path("path_unlink_file", in("sub/new")), ok);
  EXPECT_EQ(g.on_path("path_remove_directory", in("sub")), ok);
  EXPECT_EQ(g.sealed(), "~a.txt +d +d/c.txt +l -sub -sub/b.txt +twin");
  EXPECT_TRUE(g.denials().empty()) << g.denials().front();
  std::string still;
  std::ifstream(in("a.txt")) >> still;
  EXPECT_EQ(still, "alpha");
  EXPECT_FALSE(fs::exists(in("d")));
}

TEST_F(WasiWork, AMountStandsElsewhere) {
  World world = work();
  world.mounts = {{"/", place.path() + "/w"}};
  Guest g(world);
  EXPECT_EQ(g.content("a.txt"), "alpha");
  EXPECT_EQ(g.create("/sub/new", "x"), ok);
  EXPECT_EQ(g.names("/"), "a.txt in@ out@ state/ sub/");
  EXPECT_EQ(g.names("/sub"), "b.txt new");
  EXPECT_EQ(g.content("/etc/passwd"), "errno 44");
  EXPECT_EQ(g.sealed(), "+sub/new");
  World other = work();
  other.mounts = {{"/data/here", place.path() + "/w"}};
  Guest h(other);
  EXPECT_EQ(h.content("/data/here/a.txt"), "alpha");
  EXPECT_EQ(h.names("/data"), "here?") << "as every name that was granted";
  EXPECT_EQ(h.names("/"), "data/ state/");
  EXPECT_EQ(h.content(in("a.txt")), "alpha") << "its own path names it too";
}

// The journal and the grants have the host's paths, whatever the guest called it.
TEST_F(WasiWork, RefusalsNameTheHostsPath) {
  World world{.grants = {"file.read:" + in(""), "file.write:" + in("sub/")}, .mounts = {{"/", place.path() + "/w"}}};
  Guest g(world);
  EXPECT_EQ(g.create("/a.txt", "x"), acces);
  EXPECT_EQ(g.create("/sub/x", "x"), ok);
  EXPECT_EQ(g.rename("/sub/b.txt", "/b.txt"), acces);
  EXPECT_EQ(g.rename("/a.txt", "/sub/a.txt"), acces);
  EXPECT_EQ(g.denials(), (std::vector<std::string>{"file.write:" + in("a.txt") + " no_capability", "file.write:" + in("b.txt") + " no_capability",
                                                   "file.write:" + in("a.txt") + " no_capability"}));
  EXPECT_EQ(g.sealed(), "+sub/x");
}

// A name that may be written and leads to what may not.
TEST_F(WasiWork, LinksDoNotLendAuthority) {
  fs::create_symlink("../a.txt", in("sub/up"));
  World world{.grants = {"file.read:" + in(""), "file.write:" + in("sub/")}, .mounts = {{"/", place.path() + "/w"}}};
  Guest g(world);
  EXPECT_EQ(g.create("/sub/up", "x"), acces);
  EXPECT_EQ(link(g, "../a.txt", "/sub/mine"), ok);
  EXPECT_EQ(g.create("/sub/mine", "x"), acces);
  const int fd = g.open("/sub/mine");
  ASSERT_GT(fd, 3);
  EXPECT_EQ(g.call("fd_filestat_set_times", fd, 5ull, 5ull, 5), notcapable) << "the right was not asked for";
  EXPECT_EQ(g.content("/sub/mine"), "alpha");
  EXPECT_EQ(g.sealed(), "+sub/mine");
  for (const auto& d : g.denials()) EXPECT_EQ(d, "file.write:" + in("a.txt") + " escape");
}

TEST_F(WasiWork, NothingLeadsOut) {
  Guest g(work());
  EXPECT_EQ(g.content(in("out")), "errno 2");
  EXPECT_EQ(g.create(in("out"), "x"), acces);
  for (const auto* target : {"/", "/etc/passwd", "..", "../outside.txt", "sub/../../outside.txt"})
    EXPECT_EQ(link(g, target, in("l")), acces) << target;
  EXPECT_EQ(g.rename(in("a.txt"), place.path() + "/stolen"), acces);
  EXPECT_EQ(hard(g, place.path() + "/outside.txt", in("l")), acces);
  EXPECT_EQ(g.sealed(), "");
  const int sub = g.open(in("sub"), 0, open_directory);
  ASSERT_GT(sub, 3);
  const auto dir = static_cast<std::uint32_t>(sub);
  EXPECT_EQ(g.open("../a.txt", right::read, 0, 0, dir), -1000 - perm);
  EXPECT_EQ(g.open("/etc/passwd", right::read, 0, 0, dir), -1000 - perm);
  EXPECT_EQ(g.denials().back(), "file.read:/etc/passwd no_capability") << "refused, and on record";
  EXPECT_GT(g.open("../sub/b.txt", right::read, 0, 0, static_cast<std::uint32_t>(g.open(in(""), 0, open_directory))), -1000 - perm - 1);
}

TEST_F(WasiWork, MovingAFolderMovesNothingThatMayNotMove) {
  fs::create_directories(in("sub/keep"));
  std::ofstream(in("sub/keep/x")) << "x";
  World world = work();
  world.denies = {"file.write:" + in("sub/keep/")};
  Guest g(world);
  EXPECT_EQ(g.rename(in("sub"), in("moved")), acces);
  EXPECT_EQ(g.denials(), std::vector<std::string>{"file.write:" + in("sub/keep") + " denied"});
  EXPECT_EQ(g.sealed(), "");
}

TEST_F(WasiWork, WhatToolsRunNeedsItsName) {
  Guest g(work());
  EXPECT_EQ(g.create(in(".envrc"), "x"), acces);
  EXPECT_EQ(g.on_path("path_create_directory", in(".git")), acces);
  EXPECT_EQ(g.on_path("path_create_directory", in("g")), ok);
  EXPECT_EQ(g.on_path("path_create_directory", in("g/hooks")), ok);
  EXPECT_EQ(g.create(in("g/hooks/pre-commit"), "evil"), ok);
  EXPECT_EQ(g.rename(in("g"), in(".git")), acces);
  EXPECT_EQ(g.rename(in("g/hooks"), in(".vscode")), acces);
  EXPECT_EQ(link(g, "g", in(".git")), acces);
  EXPECT_EQ(hard(g, in("a.txt"), in("sub/.bashrc")), acces);
  EXPECT_EQ(g.sealed(), "+g +g/hooks +g/hooks/pre-commit");
  World named = work();
  named.grants.push_back("file.write:" + in(".envrc"));
  Guest h(named);
  EXPECT_EQ(h.create(in(".envrc"), "x"), ok);
}

// Who may only write can see what is there and what it is, not what is in it.
TEST_F(WasiWork, WritingAloneDoesNotRead) {
  Guest g({.grants = {"file.write:" + in("")}});
  EXPECT_EQ(g.stat(in("a.txt")), ok);
  EXPECT_EQ(g.names(in("")), "a.txt in@ out@ sub/");
  EXPECT_EQ(g.content(in("a.txt")), "errno 2");
  EXPECT_EQ(g.create(in("a.txt"), "x"), ok);
  World partly{.grants = {"file.write:" + in(""), "file.read:" + in("sub/")}};
  Guest h(partly);
  EXPECT_EQ(h.rename(in("a.txt"), in("sub/a.txt")), acces) << "it would become readable";
  EXPECT_EQ(hard(h, in("a.txt"), in("sub/a.txt")), acces);
  EXPECT_EQ(h.rename(in("a.txt"), in("c.txt")), ok);
}

TEST_F(WasiWork, LimitsCount) {
  Guest g({.grants = {"file.write:" + in("") + ",bytes=8,max_size=6"}});
  const int fd = g.open(in("n"), right::write, open_create);
  ASSERT_GT(fd, 3);
  EXPECT_EQ(g.write(fd, "four"), ok);
  EXPECT_EQ(g.write(fd, "four"), acces) << "larger than 6";
  EXPECT_EQ(g.call("fd_filestat_set_size", fd, 7ull), acces);
  EXPECT_EQ(g.call("fd_seek", fd, 0ull, 0, 256), ok);
  EXPECT_EQ(g.write(fd, "four"), ok);
  EXPECT_EQ(g.call("fd_seek", fd, 0ull, 0, 256), ok);
  EXPECT_EQ(g.write(fd, "f"), acces) << "more than 8 in all";
}

TEST_F(WasiWork, MadeFoldersOfWhatIsNotThereYet) {
  Guest g({.grants = {"file.write:" + place.path() + "/later/"}});
  EXPECT_EQ(g.create(place.path() + "/later/x", "x"), noent);
  EXPECT_EQ(g.on_path("path_create_directory", place.path() + "/later"), ok);
  EXPECT_EQ(g.create(place.path() + "/later/x", "x"), ok);
  EXPECT_EQ(g.sealed(), "+later +later/x");
  // Only the last folder is the guest's to make: those above it have to be there.
  Guest h({.grants = {"file.write:" + place.path() + "/none/out/"}});
  EXPECT_EQ(h.on_path("path_create_directory", place.path() + "/none/out"), noent);
}

TEST_F(WasiWork, EveryFunctionAnswers) {
  World world = work();
  world.grants.insert(world.grants.end(), {"state.read:x", "state.write:x"});
  Guest g(world);
  for (const auto& f : functions()) EXPECT_NE(f.call, nullptr) << f.name;
  EXPECT_EQ(g.call("sock_shutdown", 3, 0), badf);
  EXPECT_EQ(g.call("sock_shutdown", 1, 0), notsock);
  EXPECT_EQ(g.call("sock_accept", 99, 0, 16), badf);
  EXPECT_EQ(g.call("sock_recv", 0, 16, 0, 0, 16, 32), notsock);
  EXPECT_EQ(g.call("sock_send", g.open(in("a.txt")), 16, 0, 0, 16), notsock);
  EXPECT_EQ(g.call("proc_raise", 0), ok);
  EXPECT_EQ(g.call("proc_raise", 31), inval);
  EXPECT_EQ(g.call("path_filestat_set_times", 3, 0, g.put(in("a.txt")), in("a.txt").size(), 7ull, 9ull, 5), ok);
  EXPECT_EQ(g.stat(in("a.txt")), ok);
  EXPECT_EQ(g.stat_result().modified, 9u);
  EXPECT_EQ(g.stat_result().accessed, 7u);
  EXPECT_EQ(g.call("path_filestat_set_times", 3, 0, g.put(in("a.txt")), in("a.txt").size(), 7ull, 9ull, 12), inval);
  EXPECT_EQ(g.call("path_filestat_set_times", 3, 0, g.put("/state/x"), 8, 7ull, 9ull, 5), notsup);
  EXPECT_EQ(g.rename(in("a.txt"), "/state/x"), xdev);
  EXPECT_EQ(link(g, "x", in("a.txt/")), notdir);
  EXPECT_EQ(g.call("proc_raise", 6), -1);
  EXPECT_EQ(g.end()->exit_code, 128 + 6);
}

}  // namespace
}  // namespace writ::guest::wasm::wasi
