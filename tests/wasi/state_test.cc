// WASI over the state: objects as files, folders implied, everything staged.
#include "guest.h"

namespace writ::guest::wasm::wasi {
namespace {

constexpr auto ok = 0, acces = 2, badf = 8, exist = 20, fault = 21, inval = 28, isdir = 31, mfile = 33, noent = 44, nospc = 51,
               notdir = 54, notempty = 55, notsup = 58, perm = 63, spipe = 70, notcapable = 76;

World orders() {
  return {.grants = {"state.read:orders/", "state.write:orders/"},
          .objects = {{"orders/1.json", "first"}, {"orders/2026/2.json", "second"}, {"secret/key", "hidden"}}};
}

TEST(WasiState, ReadsWhatWasGranted) {
  Guest g(orders());
  EXPECT_EQ(g.content("/state/orders/1.json"), "first");
  EXPECT_EQ(g.content("state/orders/2026/../2026/2.json"), "second");
  EXPECT_EQ(g.content("/state/orders/3.json"), "errno 44");
  EXPECT_TRUE(g.denials().empty());
}

TEST(WasiState, RefusesAndRecordsTheRest) {
  Guest g(orders());
  EXPECT_EQ(g.content("/state/secret/key"), "errno 2");
  EXPECT_EQ(g.content("/state/orders/../secret/key"), "errno 2");
  EXPECT_EQ(g.create("/state/elsewhere", "x"), acces);
  EXPECT_EQ(g.stat("/state/secret/key"), acces);
  EXPECT_EQ(g.on_path("path_unlink_file", "/state/secret/key"), acces);
  EXPECT_EQ(g.rename("/state/secret/key", "/state/orders/stolen"), acces);
  EXPECT_EQ(g.denials(), (std::vector<std::string>{"state.read:secret/key no_capability", "state.write:elsewhere no_capability",
                                                   "state.read:secret/key no_capability", "state.write:secret/key no_capability",
                                                   "state.read:secret/key no_capability"}));
  EXPECT_FALSE(g.staged("orders/stolen"));
}

TEST(WasiState, WritesAreStagedAndSeenByTheTask) {
  Guest g(orders());
  EXPECT_EQ(g.create("/state/orders/new/a.txt", "hello"), ok);
  EXPECT_EQ(g.staged("orders/new/a.txt"), "hello");
  EXPECT_EQ(g.content("/state/orders/new/a.txt"), "hello");
  EXPECT_EQ(g.create("/state/orders/1.json", "1"), ok);  // cut, then written
  EXPECT_EQ(g.staged("orders/1.json"), "1");
  EXPECT_EQ(g.names("/state/orders"), "1.json 2026/ new/");
}

TEST(WasiState, OpensAsAsked) {
  Guest g(orders());
  EXPECT_EQ(g.open("/state/orders/1.json", right::write, open_create | open_exclusive), -1000 - exist);
  EXPECT_EQ(g.open("/state/orders/no", right::write), -1000 - noent);
  EXPECT_EQ(g.open("/state/orders", right::write), -1000 - isdir);
  EXPECT_EQ(g.open("/state/orders/1.json", right::read, open_directory), -1000 - notdir);
  EXPECT_EQ(g.open("/state/orders/1.json/", right::read), -1000 - notdir);
  EXPECT_EQ(g.open("/state/orders/new", right::read, open_create | open_directory), -1000 - inval);
  EXPECT_EQ(g.open("", right::read), -1000 - noent);
  EXPECT_EQ(g.call("path_open", 3, 0, g.put("state"), 5, 99, right::read, 0, 0, Guest::result), inval);
  EXPECT_EQ(g.call("path_open", 3, 0, g.put("state"), 5, 0, right::read, 0, 0x4000, Guest::result), inval);
  EXPECT_EQ(g.call("path_open", 1, 0, g.put("state"), 5, 0, right::read, 0, 0, Guest::result), notdir);
  EXPECT_EQ(g.call("path_open", 77, 0, g.put("state"), 5, 0, right::read, 0, 0, Guest::result), badf);
  EXPECT_EQ(g.call("path_open", 3, 0, memory_size - 2, 5, 0, right::read, 0, 0, Guest::result), fault);
  const int folder = g.open("/state/orders", right::read, open_directory);
  ASSERT_GE(folder, 4);
  const int file = g.open("2026/2.json", right::read, 0, 0, static_cast<std::uint32_t>(folder));
  ASSERT_GE(file, 5);
  EXPECT_EQ(g.read(file), "second");
}

TEST(WasiState, ADescriptorDoesWhatItWasOpenedFor) {
  Guest g(orders());
  const int reader = g.open("/state/orders/1.json"), writer = g.open("/state/orders/w", right::write, open_create);
  EXPECT_EQ(g.write(reader, "x"), notcapable);
  EXPECT_EQ(g.read(writer), "errno 76");
  EXPECT_EQ(g.call("fd_fdstat_set_rights", reader, right::read, 0ull), ok);
  EXPECT_EQ(g.call("fd_fdstat_set_rights", reader, right::read | right::write, 0ull), notcapable);
  EXPECT_EQ(g.call("fd_seek", reader, 0ull, 0, Guest::result), notcapable);
  EXPECT_EQ(g.read(reader), "first");
}

TEST(WasiState, SeeksTellsAndAppends) {
  Guest g(orders());
  const int fd = g.open("/state/orders/1.json", right::read | right::write);
  const auto seek = [&](std::int64_t by, int whence) {
    const int e = g.call("fd_seek", fd, by, whence, Guest::result);
    return e == ok ? g.get<std::int64_t>(Guest::result) : -e;
  };
  EXPECT_EQ(seek(-2, 2), 3);
  EXPECT_EQ(g.read(fd), "st");
  EXPECT_EQ(seek(-1, 1), 4);
  EXPECT_EQ(seek(-5, 1), -inval);
  EXPECT_EQ(seek(0, 3), -inval);
  EXPECT_EQ(seek(INT64_MAX, 0), INT64_MAX);
  EXPECT_EQ(seek(1, 1), -61);  // overflow
  EXPECT_EQ(g.read(fd), "");
  EXPECT_EQ(g.write(fd, "far"), 22);  // fbig
  EXPECT_EQ(seek(0, 0), 0);
  EXPECT_EQ(g.call("fd_fdstat_set_flags", fd, flag_append), ok);
  EXPECT_EQ(g.write(fd, "!"), ok);
  EXPECT_EQ(g.call("fd_tell", fd, Guest::result), ok);
  EXPECT_EQ(g.get<std::uint64_t>(Guest::result), 6u);
  EXPECT_EQ(g.staged("orders/1.json"), "first!");
  EXPECT_EQ(g.call("fd_fdstat_set_flags", fd, 2), 58);
  EXPECT_EQ(g.call("fd_fdstat_set_flags", fd, 64), inval);
}

TEST(WasiState, ReadsAndWritesAtOffsets) {
  Guest g(orders());
  const int fd = g.open("/state/orders/1.json", right::read | right::write);
  g.set(Guest::vectors, IoVector{g.put("XY", Guest::buffer), 2});
  EXPECT_EQ(g.call("fd_pwrite", fd, Guest::vectors, 1, 7ull, Guest::result), ok);
  EXPECT_EQ(g.staged("orders/1.json"), std::string("first\0\0XY", 9));
  g.set(Guest::vectors, IoVector{Guest::buffer, 100});
  EXPECT_EQ(g.call("fd_pread", fd, Guest::vectors, 1, 8ull, Guest::result), ok);
  EXPECT_EQ(g.get<std::uint32_t>(Guest::result), 1u);
  EXPECT_EQ(g.call("fd_pread", fd, Guest::vectors, 1, ~0ull, Guest::result), inval);
  EXPECT_EQ(g.call("fd_pwrite", fd, Guest::vectors, 1, ~0ull, Guest::result), inval);
  EXPECT_EQ(g.call("fd_pwrite", fd, Guest::vectors, 1, 1ull << 62, Guest::result), nospc);
  EXPECT_EQ(g.call("fd_tell", fd, Guest::result), ok);
  EXPECT_EQ(g.get<std::uint64_t>(Guest::result), 0u);
}

TEST(WasiState, ChangesSizesWithinTheLimit) {
  Guest g(orders());
  const int fd = g.open("/state/orders/1.json", right::read | right::write);
  EXPECT_EQ(g.call("fd_filestat_set_size", fd, 2ull), ok);
  EXPECT_EQ(g.staged("orders/1.json"), "fi");
  EXPECT_EQ(g.call("fd_allocate", fd, 0ull, 4ull), ok);
  EXPECT_EQ(g.staged("orders/1.json"), std::string("fi\0\0", 4));
  EXPECT_EQ(g.call("fd_allocate", fd, 0ull, 1ull), ok);
  EXPECT_EQ(g.staged("orders/1.json")->size(), 4u);
  EXPECT_EQ(g.call("fd_allocate", fd, 0ull, 0ull), inval);
  EXPECT_EQ(g.call("fd_allocate", fd, ~0ull, 2ull), 22);
  EXPECT_EQ(g.call("fd_allocate", fd, 1ull << 40, 1ull << 40), nospc);
  EXPECT_EQ(g.call("fd_filestat_set_size", fd, 1ull << 60), nospc);
  EXPECT_EQ(g.call("fd_filestat_set_size", fd, ~0ull), inval);
  EXPECT_EQ(g.staged("orders/1.json")->size(), 4u);
}

TEST(WasiState, Stats) {
  Guest g(orders());
  EXPECT_EQ(g.stat("/state/orders/1.json"), ok);
  EXPECT_EQ(g.stat_result().kind, FileKind::regular);
  EXPECT_EQ(g.stat_result().size, 5u);
  const auto inode = g.stat_result().inode;
  EXPECT_EQ(g.stat("/state/orders"), ok);
  EXPECT_EQ(g.stat_result().kind, FileKind::directory);
  EXPECT_EQ(g.stat("/state/orders/1.json/"), notdir);
  EXPECT_EQ(g.stat("/state/orders/none"), noent);
  EXPECT_EQ(g.stat("/state"), ok);
  EXPECT_EQ(g.stat("/"), ok);
  const int fd = g.open("/state/orders/1.json");
  EXPECT_EQ(g.call("fd_filestat_get", fd, 256), ok);
  EXPECT_EQ(g.stat_result().inode, inode);
  EXPECT_EQ(g.call("fd_filestat_get", 0, 256), ok);
  EXPECT_EQ(g.call("fd_filestat_get", 3, 256), ok);
  EXPECT_EQ(g.stat_result().kind, FileKind::directory);
  EXPECT_EQ(g.call("fd_filestat_get", fd, memory_size - 63), fault);
}

TEST(WasiState, FoldersAreWordsOfTheTask) {
  Guest g(orders());
  EXPECT_EQ(g.on_path("path_create_directory", "/state/orders/tmp"), ok);
  EXPECT_EQ(g.on_path("path_create_directory", "/state/orders/tmp"), exist);
  EXPECT_EQ(g.on_path("path_create_directory", "/state/orders/tmp/deep"), ok);
  EXPECT_EQ(g.stat("/state/orders/tmp"), ok);
  EXPECT_EQ(g.names("/state/orders"), "1.json 2026/ tmp/");
  EXPECT_EQ(g.names("/state/orders/tmp"), "deep/");
  EXPECT_EQ(g.on_path("path_remove_directory", "/state/orders/tmp"), notempty);
  EXPECT_EQ(g.on_path("path_remove_directory", "/state/orders/tmp/deep"), ok);
  EXPECT_EQ(g.on_path("path_remove_directory", "/state/orders/tmp"), ok);
  EXPECT_EQ(g.stat("/state/orders/tmp"), noent);
  EXPECT_EQ(g.on_path("path_remove_directory", "/state/orders/2026"), notempty);
  EXPECT_EQ(g.on_path("path_remove_directory", "/state/orders/1.json"), notdir);
  EXPECT_EQ(g.on_path("path_remove_directory", "/state/orders/none"), noent);
  EXPECT_EQ(g.on_path("path_create_directory", "/state"), exist);
  EXPECT_EQ(g.on_path("path_create_directory", "/state/orders/1\n"), inval);
  EXPECT_TRUE(g.denials().empty());
}

// rm -r: the files, then the folder, as on a file system.
TEST(WasiState, AnEmptiedFolderStaysUntilItIsRemoved) {
  Guest g(orders());
  EXPECT_EQ(g.on_path("path_unlink_file", "/state/orders/2026/2.json"), ok);
  EXPECT_EQ(g.staged("orders/2026/2.json"), "(removed)");
  EXPECT_EQ(g.names("/state/orders/2026"), "");
  EXPECT_EQ(g.on_path("path_unlink_file", "/state/orders/2026"), isdir);
  EXPECT_EQ(g.on_path("path_remove_directory", "/state/orders/2026"), ok);
  EXPECT_EQ(g.stat("/state/orders/2026"), noent);
  EXPECT_EQ(g.on_path("path_unlink_file", "/state/orders/2026/2.json"), noent);
  EXPECT_EQ(g.on_path("path_unlink_file", "/state/orders/1.json/"), notdir);
  EXPECT_EQ(g.on_path("path_unlink_file", "/state/orders"), isdir);
}

TEST(WasiState, RenamesObjectsAndFolders) {
  Guest g(orders());
  EXPECT_EQ(g.rename("/state/orders/1.json", "/state/orders/one"), ok);
  EXPECT_EQ(g.staged("orders/1.json"), "(removed)");
  EXPECT_EQ(g.staged("orders/one"), "first");
  EXPECT_EQ(g.create("/state/orders/tmp/a/b", "deep"), ok);
  EXPECT_EQ(g.on_path("path_create_directory", "/state/orders/tmp/empty"), ok);
  EXPECT_EQ(g.rename("/state/orders/tmp", "/state/orders/final"), ok);
  EXPECT_EQ(g.content("/state/orders/final/a/b"), "deep");
  EXPECT_EQ(g.names("/state/orders/final"), "a/ empty/");
  EXPECT_EQ(g.stat("/state/orders/tmp"), noent);
  EXPECT_EQ(g.rename("/state/orders/final", "/state/orders/final/below"), inval);
  EXPECT_EQ(g.rename("/state/orders/final", "/state/orders/one"), notdir);
  EXPECT_EQ(g.rename("/state/orders/one", "/state/orders/final"), isdir);
  EXPECT_EQ(g.rename("/state/orders/final", "/state/orders/2026"), notempty);
  EXPECT_EQ(g.rename("/state/orders/none", "/state/orders/x"), noent);
  EXPECT_EQ(g.rename("/state/orders/one", "/state/orders/one"), ok);
  EXPECT_EQ(g.content("/state/orders/one"), "first");
  EXPECT_EQ(g.rename("/state", "/state/orders/x"), 10);
}

TEST(WasiState, LinksAreRefused) {
  Guest g(orders());
  EXPECT_EQ(g.call("path_symlink", g.put("target", 4096), 6, 3, g.put("/state/orders/l"), 15), 63);
  EXPECT_EQ(g.call("path_link", 3, 0, g.put("/state/orders/1.json"), 20, 3, g.put("/state/orders/l", 4096), 15), 63);
  EXPECT_EQ(g.call("path_readlink", 3, g.put("/state/orders/1.json"), 20, 4096, 100, Guest::result), inval);
}

TEST(WasiState, ListsInPieces) {
  World world = orders();
  for (int i = 0; i < 200; ++i) world.objects.emplace_back("orders/many/" + std::to_string(1000 + i), "x");
  Guest g(world);
  const std::string all = g.names("/state/orders/many", 30000);
  EXPECT_EQ(std::count(all.begin(), all.end(), ' '), 199);
  EXPECT_EQ(g.names("/state/orders/many", 64), all);   // one or two entries at a time
  const int fd = g.open("/state/orders/many", 0, open_directory);
  EXPECT_EQ(g.call("fd_readdir", fd, Guest::buffer, 4096, 1ull << 63, Guest::result), ok);  // a cookie nobody gave out
  EXPECT_EQ(g.get<std::uint32_t>(Guest::result), 0u);
  EXPECT_EQ(g.call("fd_readdir", fd, Guest::buffer, 0, 0ull, Guest::result), ok);
  EXPECT_EQ(g.call("fd_readdir", fd, memory_size - 10, 11, 0ull, Guest::result), fault);
  EXPECT_EQ(g.call("fd_readdir", 1, Guest::buffer, 100, 0ull, Guest::result), notdir);
}

TEST(WasiState, OpensNoMoreThanTheLimit) {
  World world = orders();
  world.limits.files = 6;
  Guest g(world);
  EXPECT_EQ(g.open("/state/orders/1.json"), 4);
  EXPECT_EQ(g.open("/state/orders/1.json"), 5);
  EXPECT_EQ(g.open("/state/orders/1.json"), -1000 - mfile);
  EXPECT_EQ(g.open("/state/secret/key"), -1000 - acces);  // a try is recorded, however many are open
  EXPECT_EQ(g.denials().size(), 1u);
  EXPECT_EQ(g.call("fd_close", 4), ok);
  EXPECT_EQ(g.call("fd_close", 4), badf);
  EXPECT_EQ(g.open("/state/orders/1.json"), 4);
  EXPECT_EQ(g.call("fd_renumber", 4, 5), ok);
  EXPECT_EQ(g.call("fd_renumber", 4, 5), badf);
}

TEST(WasiState, StrictEndsAtTheFirstDenial) {
  World world = orders();
  world.on_denial = gate::OnDenial::end_task;
  Guest g(world);
  EXPECT_EQ(g.content("/state/orders/1.json"), "first");
  g.open("/state/secret/key");
  ASSERT_TRUE(g.end());
  EXPECT_EQ(g.end()->end, End::denied);
  EXPECT_NE(g.end()->reason.find("secret/key"), std::string::npos) << g.end()->reason;
}

TEST(WasiState, TooManyEffectsEndTheTask) {
  World world = orders();
  world.limits.effects = 10;
  Guest g(world);
  for (int i = 0; i < 20 && !g.end(); ++i) g.stat("/state/orders/1.json");
  ASSERT_TRUE(g.end());
  EXPECT_EQ(g.end()->end, End::trapped);
}

TEST(WasiState, AFolderWhereNothingMayBeWrittenIsRefused) {
  Guest g(orders());
  EXPECT_EQ(g.on_path("path_create_directory", "/state/secret/new"), acces);
  EXPECT_EQ(g.denials(), std::vector<std::string>{"state.write:secret/new/ no_capability"});
}

TEST(WasiState, AnUnlinkedObjectIsGone) {
  Guest g(orders());
  const int fd = g.open("/state/orders/1.json", right::read | right::write);
  EXPECT_EQ(g.on_path("path_unlink_file", "/state/orders/1.json"), ok);
  EXPECT_EQ(g.read(fd), "errno 44");
  EXPECT_EQ(g.call("fd_filestat_get", fd, 256), noent);
  EXPECT_EQ(g.call("fd_close", fd), ok);
}

TEST(WasiState, WhatCannotBeHereSaysSo) {
  Guest g(orders());
  EXPECT_EQ(g.call("fd_filestat_set_times", 3, 0ull, 0ull, 0), notsup);
  EXPECT_EQ(g.call("fd_filestat_set_times", g.open("/state/orders/1.json"), 0ull, 0ull, 0), 76) << "the right was not asked for";
  EXPECT_EQ(g.call("path_filestat_set_times", 3, 0, g.put("/state/orders/1.json"), 20, 0ull, 0ull, 0), notsup);
  EXPECT_EQ(g.call("path_symlink", g.put("x", 4096), 1, 3, g.put("/state/l"), 8), perm);
  EXPECT_EQ(g.call("fd_seek", 1, 0ull, 0, Guest::result), spipe);
}

// A guest that is told "no such file" would go on and make it anew.
TEST(WasiState, WhatCannotBeReadIsNotThereforeAbsent) {
  constexpr int io = 29;
  Guest g(orders());
  const int fd = g.open("/state/orders/1.json");
  g.break_the_disk();
  EXPECT_EQ(g.stat("/state/orders/2026/a"), io);
  EXPECT_EQ(g.open("/state/orders/2026/a"), -1000 - io);
  EXPECT_EQ(g.open("/state/orders/new", right::write, open_create), -1000 - io);
  EXPECT_EQ(g.names("/state/orders"), "errno 29");
  EXPECT_EQ(g.rename("/state/orders/2026/a", "/state/orders/2026/c"), io);
  EXPECT_EQ(g.on_path("path_unlink_file", "/state/orders/2026/a"), io);
  EXPECT_EQ(g.read(fd), "errno 29");
}

}  // namespace
}  // namespace writ::guest::wasm::wasi
