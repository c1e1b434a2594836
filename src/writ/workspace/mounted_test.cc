// Mounted shadows: what a real process did to a real overlay, or to a copy, is sealed as it was; what it may not leave behind is
// refused, one attack at a time; the base is looked after meanwhile.
#include "writ/workspace/mounted.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "writ/workspace/testing_mounted_task.h"
#include "writ/workspace/undo.h"

namespace writ::workspace {
namespace {

namespace fs = std::filesystem;
using namespace testing;

class Mounted : public MountedTest {};

TEST_P(Mounted, NothingDoneIsNoChange) {
  guest([] {});
  const auto sealed = shadow->seal();
  ASSERT_TRUE(sealed) << sealed.error().text();
  EXPECT_TRUE(sealed->changes.empty());
  EXPECT_TRUE(shadow->left_out().empty()) << shadow->left_out()[0];
}

TEST_P(Mounted, EveryKindOfChange) {
  auto wanted = picture(base.text());
  guest([] {
    write("keep", "changed\n");
    fs::remove("d/one");
    fs::create_directories("made/in");
    write("made/in/y", "y");
    fs::create_hard_link("made/in/y", "made/twin");
    fs::rename("d/two", "d/TWO");
    fs::remove("link");
    fs::create_symlink("d/e", "link");
    fs::remove_all("d/e");
    write("d/e", "now a file");
    write("tool", "#!/bin/sh\n");
    must(::chmod("tool", 0755), "chmod");
    must(::chmod("d", 0750), "chmod");
  });
  EXPECT_TRUE(picture(base.text()) == wanted) << "the base changed before the commit";
  const auto done = commit();
  ASSERT_TRUE(done) << done.error().text();
  wanted["keep"] = "changed\n";
  wanted.erase("d/one");
  wanted["made"] = wanted["made/in"] = "/";
  wanted["made/in/y"] = wanted["made/twin"] = "y";
  wanted["d/TWO"] = wanted["d/two"];
  wanted.erase("d/two");
  wanted["link"] = "-> d/e";
  wanted.erase("d/e/three");
  wanted["d/e"] = "now a file";
  wanted["tool"] = "#!/bin/sh\n";
  EXPECT_EQ(picture(base.text()), wanted);
  struct stat a{}, b{};
  ASSERT_EQ(::stat((base / "tool").c_str(), &a), 0);
  EXPECT_EQ(a.st_mode & 07777, 0755u);
  ASSERT_EQ(::stat((base / "made/in/y").c_str(), &a), 0);
  ASSERT_EQ(::stat((base / "made/twin").c_str(), &b), 0);
  EXPECT_EQ(a.st_ino, b.st_ino);
  ASSERT_EQ(::stat((base / "d").c_str(), &a), 0);
  EXPECT_EQ(a.st_mode & 07777, 0750u);
}

TEST_P(Mounted, HiddenNamesAreNotThere) {
  guest([] {
    for (const auto* path : {".writ", "d/.writ", "d/secret.env"})
      if (fs::exists(path)) throw std::runtime_error(std::string(path) + " is there\n");
    for (const auto& e : fs::directory_iterator("d"))
      if (e.path().filename() == ".writ") throw std::runtime_error("listed\n");
  });
  EXPECT_TRUE(shadow->seal());
}

TEST_P(Mounted, RefusesWhatMayNotBeLeft) {
  const std::vector<std::pair<std::string, std::function<void()>>> attacks{
      {"fifo", [] { must(::mkfifo("fifo", 0600), "mkfifo"); }},
      {"d/.writ", [] { fs::create_directories("d/.writ/x"); }},
      {"new.env", [] { write("new.env", "x"); }},
      {"out -> ../outside", [] { fs::create_symlink("../outside", "out"); }},
      {"d/out -> /etc/passwd", [] { fs::create_symlink("/etc/passwd", "d/out"); }},
      {"suid", [] { write("suid", "x"), must(::chmod("suid", 04755), "chmod"); }},
      {"d", [] { fs::remove_all("d"); }},
      {"d", [] { fs::remove_all("d"), write("d", "x"); }},
  };
  for (const auto& [where, attack] : attacks) {
    const auto before = picture(base.text());
    const auto e = refused(attack);
    EXPECT_EQ(e.code, Code::denied) << where;
    EXPECT_EQ(e.where, where) << e.text();
    EXPECT_TRUE(picture(base.text()) == before) << where;
  }
}

// A folder became a link: what was in it is below a link now, and comes back all the same.
TEST_P(Mounted, UndoOfAFolderThatBecameALink) {
  const auto before = picture(base.text());
  guest([] {
    fs::remove_all("d/e");
    fs::create_symlink("one", "d/e");
  });
  const auto done = commit();
  ASSERT_TRUE(done) << done.error().text();
  const auto back = reverse(host_files(), places, id, changes);
  ASSERT_TRUE(back) << back.error().text();
  const auto store = open_store(own.text());
  auto undo = Commit::prepare(host_files(), places, TaskId::random(), *back, places.undo(id));
  ASSERT_TRUE(undo) << undo.error().text();
  ASSERT_TRUE(store->write([&](store::Transaction& t) { return (*undo)->enter(t); }));
  ASSERT_TRUE((*undo)->apply());
  EXPECT_EQ(picture(base.text()), before);
}

// What is younger is built from what is older: a commit keeps the order, and a build tool goes on where it was.
TEST_P(Mounted, TimesOfFilesAreKept) {
  guest([] {
    write("z.c", "int z;\n");
    const timespec times[2] = {{0, UTIME_OMIT}, {1'500'000'000, 123'456'789}};
    must(::utimensat(AT_FDCWD, "z.c", times, 0), "utimensat");
    write("a.o", "object");
  });
  const auto done = commit();
  ASSERT_TRUE(done) << done.error().text();
  struct stat source{}, object{};
  ASSERT_EQ(::stat((base / "z.c").c_str(), &source), 0);
  ASSERT_EQ(::stat((base / "a.o").c_str(), &object), 0);
  EXPECT_EQ(source.st_mtim.tv_sec, 1'500'000'000);
  EXPECT_EQ(source.st_mtim.tv_nsec, 123'456'789);
  EXPECT_GT(object.st_mtim.tv_sec, source.st_mtim.tv_sec);
}

TEST_P(Mounted, WrittenButTheSameIsNoChange) {
  guest([] {
    write("keep", "k\n");
    fs::rename("d/one", "d/x");
    fs::rename("d/x", "d/one");
    must(::chmod("d/two", 0600), "chmod");
    must(::chmod("d/two", 0644), "chmod");
    fs::remove("link");
    fs::create_symlink("keep", "link");
  });
  const auto sealed = shadow->seal();
  ASSERT_TRUE(sealed) << sealed.error().text();
  EXPECT_TRUE(sealed->changes.empty()) << sealed->changes[0].path;
}

TEST_P(Mounted, HolesStayHoles) {
  guest([] {
    write("sparse", "begin");
    must(::truncate("sparse", 16 << 20), "truncate");
    const int fd = ::open("sparse", O_WRONLY);
    must(static_cast<int>(::pwrite(fd, "end", 3, (16 << 20) - 3)), "pwrite");
  });
  const auto done = commit();
  ASSERT_TRUE(done) << done.error().text();
  struct stat s{};
  ASSERT_EQ(::stat((base / "sparse").c_str(), &s), 0);
  EXPECT_EQ(s.st_size, 16 << 20);
  EXPECT_LT(s.st_blocks * 512, 1 << 20) << "the holes were filled";
  const auto text = base.read("sparse");
  EXPECT_TRUE(text.starts_with("begin") && text.ends_with("end"));
  EXPECT_EQ(text.find_first_not_of('\0', 5), text.size() - 3);
}

// What the caller has open before goes on: its shell stands in the folder, its editor watches it.
TEST_P(Mounted, TheFolderStaysTheSameFolder) {
  struct stat before{}, after{};
  ASSERT_EQ(::stat(base.text().c_str(), &before), 0);
  const Fd shell(::open(base.text().c_str(), O_RDONLY | O_DIRECTORY));
  const Fd watch(::inotify_init1(IN_NONBLOCK));
  ASSERT_GE(::inotify_add_watch(watch.get(), base.text().c_str(), IN_MOVED_TO), 0);
  guest([] { write("keep", "new\n"); });
  const auto done = commit();
  ASSERT_TRUE(done) << done.error().text();
  ASSERT_EQ(::stat(base.text().c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(::faccessat(shell.get(), "keep", R_OK, 0), 0);
  alignas(inotify_event) char events[4096];
  const ssize_t n = ::read(watch.get(), events, sizeof events);
  ASSERT_GT(n, 0) << "the watch saw nothing";
  EXPECT_STREQ(reinterpret_cast<const inotify_event*>(events)->name, "keep");
}

TEST_P(Mounted, PathsWithTheSignsOfMountOptions) {
  const std::string odd = base / "a,b:c\\d e";
  fs::create_directory(odd);
  write(odd + "/x", "x");
  wait_a_tick();
  auto odd_setup = setup();
  odd_setup.root = odd;
  auto made = make(odd_setup);
  ASSERT_TRUE(made) << made.error().text();
  shadow = std::move(*made);
  guest([] { write("x", "y"); });
  const auto done = commit();
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(base.read("a,b:c\\d e/x"), "y");
}

// 10,000 files when there is time: freeing that many takes minutes on a disk that discards what is freed at once.
TEST_P(Mounted, ManyFiles) {
  const int folders = std::getenv("WRIT_SOAK") != nullptr ? 100 : 10;
  guest([=] {
    for (int i = 0; i < folders; ++i) {
      fs::create_directory("many" + std::to_string(i));
      for (int j = 0; j < 100; ++j) write("many" + std::to_string(i) + "/" + std::to_string(j), std::to_string(i * 100 + j));
    }
  });
  const auto done = commit();
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(changes.trees[0].changes.size(), static_cast<std::size_t>(folders) * 101);
  EXPECT_EQ(base.read("many7/42"), "742");
}

INSTANTIATE_TEST_SUITE_P(Ways, Mounted, every_way(), way_name);

}  // namespace
}  // namespace writ::workspace
