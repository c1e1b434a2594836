// WASI over host files: what was granted is there, everything else is refused and in the journal.
#include "guest.h"

namespace writ::guest::wasm::wasi {
namespace {

namespace fs = std::filesystem;
constexpr auto ok = 0, acces = 2, exist = 20, inval = 28, loop = 32, noent = 44, notdir = 54;

// A folder with files, links that stay inside and links that lead out; `granted/` is what is granted.
class WasiHost : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path g = place.path() + "/granted";
    fs::create_directories(g / "sub");
    std::ofstream(g / "a.txt") << "alpha";
    std::ofstream(g / "sub/b.txt") << "beta";
    std::ofstream(place.path() + "/outside.txt") << "outside";
    fs::create_symlink("sub/b.txt", g / "inner");
    fs::create_symlink("../outside.txt", g / "relative");
    fs::create_symlink("/etc/passwd", g / "absolute");
    fs::create_symlink("chain2", g / "chain1");
    fs::create_symlink("sub/chain3", g / "chain2");
    fs::create_symlink("../../outside.txt", g / "sub/chain3");
    fs::create_symlink("round", g / "round");
    fs::create_directory_symlink("/", g / "slash");
    fs::create_symlink("/proc/self/root", g / "proc");
    fs::create_symlink("nowhere", g / "dangling");
  }
  std::string in(std::string_view name) const { return place.path() + "/granted/" + std::string(name); }
  World granted() const { return {.grants = {"file.read:" + place.path() + "/granted/"}}; }
  TemporaryFolder place;
};

TEST_F(WasiHost, ReadsListsAndStats) {
  Guest g(granted());
  EXPECT_EQ(g.content(in("a.txt")), "alpha");
  EXPECT_EQ(g.content(in("sub/../sub/./b.txt")), "beta");
  EXPECT_EQ(g.content(in("inner")), "beta");
  EXPECT_EQ(g.names(in("sub")), "b.txt chain3@");
  EXPECT_EQ(g.stat(in("a.txt")), ok);
  EXPECT_EQ(g.stat_result().size, 5u);
  EXPECT_EQ(g.stat_result().kind, FileKind::regular);
  EXPECT_GT(g.stat_result().modified, 0u);
  EXPECT_EQ(g.stat(in("")), ok);
  EXPECT_EQ(g.stat_result().kind, FileKind::directory);
  EXPECT_EQ(g.stat(in("none")), noent);
  EXPECT_EQ(g.stat(in("a.txt/")), notdir);
  EXPECT_EQ(g.open(in("a.txt"), right::read, open_directory), -1000 - notdir);
  EXPECT_TRUE(g.denials().empty()) << g.denials().front();
}

TEST_F(WasiHost, OpensFoldersToReadThem) {
  Guest g(granted());
  const int folder = g.open(in("sub"));
  ASSERT_GE(folder, 4);
  EXPECT_EQ(g.read(folder), "errno 31");
  EXPECT_EQ(g.read(g.open("b.txt", right::read, 0, 0, static_cast<std::uint32_t>(folder))), "beta");
  EXPECT_EQ(g.open(in("sub"), right::read | right::write), -1000 - acces);
}

TEST_F(WasiHost, TheWayToAGrantIsAllThatShows) {
  Guest g(granted());
  const std::string first = place.path().substr(1, place.path().find('/', 1) - 1);
  EXPECT_EQ(g.names("/"), std::min(first, std::string("state")) + "/ " + std::max(first, std::string("state")) + "/");
  EXPECT_EQ(g.names(place.path()), "granted?");
  EXPECT_EQ(g.stat(place.path()), ok);
  EXPECT_EQ(g.stat_result().kind, FileKind::directory);
  EXPECT_TRUE(g.denials().empty());
  EXPECT_EQ(g.content(place.path() + "/outside.txt"), "errno 2");
  EXPECT_EQ(g.denials(), std::vector<std::string>{"file.read:" + place.path() + "/outside.txt no_capability"});
}

TEST_F(WasiHost, TheRootIsThereWithoutAnyGrant) {
  Guest g({});
  EXPECT_EQ(g.names("/"), "state/");
  EXPECT_EQ(g.stat("/"), ok);
  EXPECT_TRUE(g.denials().empty());
}

TEST_F(WasiHost, AGrantedFolderIsListedInFullAlsoOnTheWayToAnother) {
  World world = granted();
  world.grants.push_back("file.read:" + in("sub/b.txt"));
  Guest g(world);
  EXPECT_EQ(g.names(in("sub")), "b.txt chain3@");
}

TEST_F(WasiHost, EveryWayToAPathIsRefusedAndRecorded) {
  Guest g(granted());
  for (const auto& way : {std::string("/etc/passwd"), std::string("etc/passwd"), std::string("../../etc/passwd"),
                          in("../../../../../../../../../../etc/passwd"), std::string("/state/../../etc/passwd"),
                          std::string("//etc//./passwd")}) {
    EXPECT_EQ(g.content(way), "errno 2") << way;
    EXPECT_EQ(g.stat(way), acces) << way;
    EXPECT_EQ(g.call("path_readlink", 3, g.put(way), way.size(), 8192, 100, Guest::result), acces);
  }
  EXPECT_EQ(g.content("/proc/self/root/etc/passwd"), "errno 2");
  EXPECT_EQ(g.content("/etc/passwd/"), "errno 2");
  EXPECT_EQ(g.denials().front(), "file.read:/etc/passwd no_capability");
  EXPECT_EQ(g.denials().back(), "file.read:/etc/passwd no_capability");
  EXPECT_EQ(g.names("/etc"), "errno 2");
}

TEST_F(WasiHost, LinksThatLeadOutAreEscapes) {
  Guest g(granted());
  std::size_t denied = 0;
  for (const char* link : {"relative", "absolute", "chain1", "slash/etc/passwd", "proc/etc/passwd"}) {
    EXPECT_EQ(g.content(in(link)), "errno 2") << link;
    EXPECT_GT(g.denials().size(), denied) << link;
    denied = g.denials().size();
    EXPECT_NE(g.denials().back().find("escape"), std::string::npos) << g.denials().back();
  }
  EXPECT_EQ(g.names(in("slash")), "errno 2");
  EXPECT_EQ(g.stat(in("absolute")), acces);
}

TEST_F(WasiHost, LinksThemselvesCanBeLookedAt) {
  Guest g(granted());
  const auto readlink = [&](std::string_view path, std::uint32_t room) {
    const int e = g.call("path_readlink", 3, g.put(path), path.size(), 8192, room, Guest::result);
    return e == ok ? g.text(8192, g.get<std::uint32_t>(Guest::result)) : "errno " + std::to_string(e);
  };
  EXPECT_EQ(readlink(in("inner"), 100), "sub/b.txt");
  EXPECT_EQ(readlink(in("inner"), 3), "sub");
  EXPECT_EQ(readlink(in("a.txt"), 100), "errno " + std::to_string(inval));
  EXPECT_EQ(readlink(in("none"), 100), "errno " + std::to_string(noent));
  const std::string path = in("inner");
  EXPECT_EQ(g.call("path_filestat_get", 3, 0, g.put(path), path.size(), 256), ok);
  EXPECT_EQ(g.stat_result().kind, FileKind::symbolic_link);
  EXPECT_EQ(g.call("path_open", 3, 0, g.put(path), path.size(), 0, right::read, 0, 0, Guest::result), loop);
  EXPECT_NE(g.content(in("round")), "");
  EXPECT_EQ(g.content(in("dangling")), "errno 44");
}

TEST_F(WasiHost, NothingIsWrittenWithoutAGrantForIt) {
  Guest g(granted());
  EXPECT_EQ(g.create(in("a.txt"), "x"), acces);
  EXPECT_EQ(g.create(in("new"), "x"), acces);
  EXPECT_EQ(g.open(in("new"), right::read, open_create), -1000 - acces);
  EXPECT_EQ(g.open(in("a.txt"), right::read, open_create | open_exclusive), -1000 - exist);
  EXPECT_EQ(g.content(in("a.txt")), "alpha");
  EXPECT_EQ(g.on_path("path_unlink_file", in("a.txt")), acces);
  EXPECT_EQ(g.on_path("path_remove_directory", in("sub")), acces);
  EXPECT_EQ(g.on_path("path_create_directory", in("sub")), exist);
  EXPECT_EQ(g.on_path("path_create_directory", in("new")), acces);
  EXPECT_EQ(g.rename(in("a.txt"), in("b.txt")), acces);
  EXPECT_EQ(g.call("path_symlink", g.put("a.txt", 4096), 5, 3, g.put(in("l")), in("l").size()), acces);
  const int fd = g.open(in("a.txt"));
  EXPECT_EQ(g.call("fd_filestat_set_size", fd, 0ull), 76);
  EXPECT_EQ(g.write(fd, "x"), 76);
  for (const auto& denial : g.denials()) EXPECT_TRUE(denial.starts_with("file.write:" + in(""))) << denial;

  const auto before = g.denials().size();
  EXPECT_EQ(g.create("/etc/passwd", "x"), acces);
  EXPECT_EQ(g.on_path("path_unlink_file", "/etc/passwd"), acces);
  EXPECT_EQ(g.denials().size(), before + 1);  // one path, twice, one after the other
  EXPECT_EQ(g.denials().back(), "file.write:/etc/passwd no_capability");
  EXPECT_EQ(g.rename("/etc/passwd", "/state/x"), acces);
  std::string still;
  std::ifstream(in("a.txt")) >> still;
  EXPECT_EQ(still, "alpha");
}

TEST_F(WasiHost, ADenyWins) {
  World world = granted();
  world.denies = {"file.read:" + in("sub/")};
  Guest g(world);
  EXPECT_EQ(g.content(in("a.txt")), "alpha");
  EXPECT_EQ(g.content(in("sub/b.txt")), "errno 2");
  EXPECT_EQ(g.content(in("inner")), "errno 2");  // a link from what is allowed to what is denied
}

TEST_F(WasiHost, LinksReachAnotherGrant) {
  World world = granted();
  world.grants.push_back("file.read:" + in("a.txt"));
  Guest g(world);
  EXPECT_EQ(g.content(in("inner")), "beta");
}

}  // namespace
}  // namespace writ::guest::wasm::wasi
