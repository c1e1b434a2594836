// What a guest leaves in a mounted folder to harm whoever seals it, and what somebody else does to the base meanwhile. Each has
// its answer: refused with the path, a conflict, or no effect; the base is never touched.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "writ/workspace/testing_mounted_task.h"

namespace writ::workspace {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::HasSubstr;

class MountedAttack : public MountedTest {
 protected:
  bool overlay() const { return GetParam() != Way::copy; }
  std::string prefix() const { return GetParam() == Way::trusted ? "trusted.overlay." : "user.overlay."; }
};

void mark(const std::string& path, const std::string& name, const std::string& value) {
  if (::lsetxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0) != 0) throw std::runtime_error("setxattr " + name);
}

// Sockets, and devices where the guest may make them.
TEST_P(MountedAttack, SpecialFiles) {
  const auto socket = refused([] {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un a{AF_UNIX, "d/sock"};
    must(::bind(fd, reinterpret_cast<sockaddr*>(&a), sizeof a), "bind");
  });
  EXPECT_EQ(socket.code, Code::denied);
  EXPECT_EQ(socket.where, "d/sock");
  if (GetParam() == Way::user || ::geteuid() != 0) return;
  EXPECT_EQ(refused([] { must(::mknod("null", S_IFCHR | 0666, makedev(1, 3)), "mknod"); }).where, "null");
}

TEST_P(MountedAttack, SetGroupBitsAndFilesThatHaveThem) {
  EXPECT_EQ(refused([] { write("s", "x"), must(::chmod("s", 02755), "chmod"); }).where, "s");
  base.write("tool", "x");
  ASSERT_EQ(::chmod((base / "tool").c_str(), 04755), 0);
  wait_a_tick();
  EXPECT_EQ(refused([] { fs::remove("tool"); }).where, "tool");
  EXPECT_EQ(refused([] { fs::remove("tool"), write("tool", "mine"); }).where, "tool");
  open();
  guest([] { write("keep", "other\n"); });
  EXPECT_TRUE(commit());
}

// What the base has of these is not in the way, and stays.
TEST_P(MountedAttack, SpecialFilesOfTheBaseStay) {
  ASSERT_EQ(::mkfifo((base / "d/e/fifo").c_str(), 0600), 0);
  wait_a_tick();
  open();
  guest([] { write("keep", "other\n"), write("d/e/three", "new"); });
  const auto done = commit();
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_TRUE(fs::is_fifo(base / "d/e/fifo"));
  EXPECT_EQ(refused([] { fs::remove_all("d/e"); }).code, Code::denied);
  EXPECT_TRUE(fs::is_fifo(base / "d/e/fifo"));
}

// A private folder may name another that goes with it. A guest's folder lies in one, and names nothing.
TEST_P(MountedAttack, NothingElsewhereGoesWithTheFolder) {
  const Folder other;
  other.write("dear/thing", "x");
  EXPECT_EQ(refused([&] { fs::create_symlink(other / "dear", "elsewhere"); }).code, Code::denied);
  shadow.reset();
  EXPECT_EQ(other.read("dear/thing"), "x");
  fs::create_symlink(other / "dear", base / "elsewhere");
  wait_a_tick();
  open();
  guest([] { write("keep", "other\n"); });
  const auto done = commit();
  EXPECT_TRUE(done) << done.error().text();
  const auto planted = places.shadow(TaskId::random());  // in a store that came with a folder
  fs::create_directories(planted);
  fs::create_symlink(other / "dear", planted + "/elsewhere");
  EXPECT_TRUE(remove_contents(planted));
  EXPECT_EQ(other.read("dear/thing"), "x");
}

// Marks of the overlay, set through it by the guest: they do not become what the kernel would have meant by them.
TEST_P(MountedAttack, MarksThatAGuestSetsAreItsOwn) {
  guest([this] {
    fs::create_directory("made");
    write("empty", "");
    for (const auto* name : {"user.overlay.opaque", "trusted.overlay.opaque"}) (void)::lsetxattr("d", name, "y", 1, 0);
    for (const auto* name : {"user.overlay.whiteout", "trusted.overlay.whiteout"}) (void)::lsetxattr("empty", name, "y", 1, 0);
    for (const auto* name : {"user.overlay.redirect", "trusted.overlay.redirect"}) (void)::lsetxattr("made", name, "/d", 2, 0);
  });
  const auto sealed = shadow->seal();
  if (sealed) {
    for (const auto& c : sealed->changes) EXPECT_NE(c.happened, Happened::removed) << c.path;
    EXPECT_EQ(sealed->changes.size(), 2u);
  } else {
    EXPECT_EQ(sealed.error().code, Code::denied) << sealed.error().text();
  }
}

// The same behind the overlay's back. Redirected contents are refused; what is marked as gone is gone, hidden names are not.
TEST_P(MountedAttack, MarksPlantedBehindTheOverlay) {
  if (!overlay()) return;  // a copy has no marks
  for (const auto* foreign : {"metacopy", "redirect"}) {
    open();
    guest([] { write("keep", "x"); });
    mark(left_in() + "/keep", prefix() + foreign, "/d/one");
    const auto sealed = shadow->seal();
    ASSERT_FALSE(sealed) << foreign;
    EXPECT_EQ(sealed.error().code, Code::denied);
    EXPECT_EQ(sealed.error().where, "keep");
  }
  open();
  guest([] { write("d/new", "x"); });
  mark(left_in() + "/d", prefix() + "opaque", "y");
  const auto whole = shadow->seal();
  ASSERT_TRUE(whole) << whole.error().text();
  std::vector<std::string> gone;
  for (const auto& c : whole->changes)
    if (c.happened == Happened::removed) gone.push_back(c.path);
  EXPECT_EQ(gone, (std::vector<std::string>{"d/e", "d/e/three", "d/one", "d/two"}));

  open();
  guest([] { write("keep", ""); });
  mark(left_in() + "/keep", prefix() + "whiteout", "y");
  write(left_in() + "/nothing", "");
  mark(left_in() + "/nothing", prefix() + "whiteout", "y");
  const auto removed = shadow->seal();
  ASSERT_TRUE(removed) << removed.error().text();
  ASSERT_EQ(removed->changes.size(), 1u);
  EXPECT_EQ(removed->changes[0].path, "keep");
  EXPECT_EQ(removed->changes[0].happened, Happened::removed);

  open();
  guest([] {});
  mark(left_in(), prefix() + "opaque", "y");
  fs::remove_all(left_in() + "/d");
  const auto root = shadow->seal();
  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().code, Code::denied);
  EXPECT_EQ(root.error().where, "d");
}

TEST_P(MountedAttack, WhatIsNotCarriedOverIsNamed) {
  guest([] {
    write("keep", "new");
    const std::string value(3000, 'v');
    must(::setxattr("keep", "user.mine", value.data(), value.size(), 0), "setxattr");
    fs::create_directory("sticky");
    must(::chmod("sticky", 01777), "chmod");
    fs::create_directory("closed");
    must(::chmod("closed", 0), "chmod");
    must(::chmod(".", 0711), "chmod");
  });
  const auto sealed = shadow->seal();
  ASSERT_TRUE(sealed) << sealed.error().text();
  EXPECT_EQ(shadow->left_out(), (std::vector<std::string>{".: the mode of the folder itself", "closed: a mode that keeps its owner out",
                                                          "keep: the attribute user.mine", "sticky: sticky and set-group bits of a folder"}));
}

// 16 TiB of nothing are not read.
TEST_P(MountedAttack, MoreThanItsShareOfTheDisk) {
  const auto e = refused([] {
    write("huge", "");
    must(::truncate("huge", 4LL << 40), "truncate");
  });
  EXPECT_EQ(e.code, Code::exhausted);
  EXPECT_EQ(e.where, "huge");
}

TEST_P(MountedAttack, TooManyFiles) {
  const auto e = refused([] {
    for (std::size_t i = 0; i <= max_changes; ++i) must(::symlink("keep", ("l" + std::to_string(i)).c_str()), "symlink");
  });
  EXPECT_EQ(e.code, Code::exhausted) << e.text();
}

// Deeper than a path can be long: an error and not a crash, and the private folder can be cleared.
TEST_P(MountedAttack, DeeperThanAPathIsLong) {
  const auto e = refused([] {
    for (int i = 0; i < 1500; ++i) {
      must(::mkdir("deep", 0700), "mkdir");
      must(::chdir("deep"), "chdir");
    }
    must(::chmod(".", 0), "chmod");
  });
  EXPECT_EQ(e.number, ENAMETOOLONG) << e.text();
  shadow.reset();
  const auto cleared = remove_contents(places.shadow(id));
  EXPECT_TRUE(cleared) << cleared.error().text();
  EXPECT_FALSE(fs::exists(places.shadow(id)));
}

// A process that nobody killed writes on after the seal: not into what is committed, and not into the folder afterwards.
TEST_P(MountedAttack, ASurvivorWritesOn) {
  guest([] { write("keep", "sealed"); });
  const Fd survivor(::open((left_in() + "/keep").c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(survivor);
  auto sealed = shadow->seal();
  ASSERT_TRUE(sealed);
  ASSERT_EQ(::pwrite(survivor.get(), "forged", 6, 0), 6);
  changes.trees.push_back(std::move(*sealed));
  const auto done = commit_changes();
  ASSERT_TRUE(done) << done.error().text();
  ASSERT_EQ(::pwrite(survivor.get(), "FORGED", 6, 0), 6);
  EXPECT_EQ(base.read("keep"), "sealed");
}

// A folder that is exchanged for a link to the outside, again and again while it is sealed.
TEST_P(MountedAttack, LinksExchangedDuringTheSeal) {
  Folder outside;
  outside.write("in/secret", "of the host");
  const auto secret = digest(as_bytes(std::string_view("of the host")));
  int sealed = 0, refused_ones = 0;
  for (int round = 0; round < 60; ++round) {
    open();
    guest([] { fs::create_directory("in"), write("in/secret", "of the task"), write("in/more", "m"); });
    const auto in = left_in() + "/in", trap = own / "trap";
    fs::remove(trap);
    fs::create_directory_symlink(outside / "in", trap);
    std::atomic<int> swaps = 0;
    std::atomic<bool> stop = false;
    std::thread racer([&] {
      while (!stop) swaps += ::renameat2(AT_FDCWD, in.c_str(), AT_FDCWD, trap.c_str(), RENAME_EXCHANGE) == 0 ? 1 : 0;
    });
    while (swaps < 10) std::this_thread::yield();
    const auto tree = shadow->seal();
    stop = true;
    racer.join();
    EXPECT_FALSE(fs::exists(content_path(places.shadow(id), secret.sha256))) << "read through the link";
    (tree ? sealed : refused_ones) += 1;
    std::error_code ignored;
    fs::remove_all(trap, ignored);
    if (!tree) continue;
    for (const auto& c : tree->changes) EXPECT_NE(c.digest, std::optional(secret)) << c.path;
  }
  EXPECT_EQ(picture(outside.text()).size(), 2u);
  EXPECT_GT(refused_ones, 0);
  std::printf("%d sealed, %d refused\n", sealed, refused_ones);
}

// What somebody else does to the base while the task runs.
TEST_P(MountedAttack, TheBaseChangesMeanwhile) {
  using Act = std::function<void(const Folder&)>;
  struct Case {
    std::string what;
    std::function<void()> task;
    Act stranger;
  };
  const std::vector<Case> conflicts{
      {"both write", [] { write("keep", "mine"); }, [](const Folder& b) { b.write("keep", "theirs"); }},
      {"same size", [] { write("keep", "mine"); }, [](const Folder& b) { b.write("keep", "K\n"); }},
      {"removed there", [] { write("d/one", "mine"); }, [](const Folder& b) { fs::remove(b / "d/one"); }},
      {"removed here", [] { fs::remove("d/one"); }, [](const Folder& b) { b.write("d/one", "theirs"); }},
      {"both make", [] { write("d/new", "mine"); }, [](const Folder& b) { b.write("d/new", "theirs"); }},
      {"replaced there", [] { write("d/one", "mine"); },
       [](const Folder& b) { b.write("x", "theirs"), fs::rename(b / "x", b / "d/one"); }},
      {"in a folder that goes", [] { fs::remove_all("d/e"); }, [](const Folder& b) { b.write("d/e/new", "theirs"); }},
      {"changed in a folder that goes", [] { fs::remove_all("d/e"); }, [](const Folder& b) { b.write("d/e/three", "theirs"); }},
      {"folder exchanged", [] { write("d/e/three", "mine"); },
       [](const Folder& b) { fs::rename(b / "d/e", b / "d/was"), fs::create_directory(b / "d/e"); }},
      {"folder became a link", [] { write("d/e/three", "mine"); },
       [](const Folder& b) { fs::rename(b / "d/e", b / "d/was"), fs::create_symlink("was", b / "d/e"); }},
      {"mode", [] { write("keep", "mine"); }, [](const Folder& b) { ::chmod((b / "keep").c_str(), 0600); }},
      {"link", [] { fs::remove("link"), fs::create_symlink("d", "link"); },
       [](const Folder& b) { fs::remove(b / "link"), fs::create_symlink("d/one", b / "link"); }},
      {"time set back", [] { write("keep", "mine"); },
       [](const Folder& b) {
         struct stat s{};
         must(::stat((b / "keep").c_str(), &s), "stat");
         b.write("keep", "K\n");
         const timespec times[2] = {s.st_atim, s.st_mtim};
         must(::utimensat(AT_FDCWD, (b / "keep").c_str(), times, 0), "utimensat");
       }},
  };
  for (const auto& c : conflicts) {
    SCOPED_TRACE(c.what);
    fs::remove_all(base.text() + "/d");
    for (const auto* n : {"keep", "link", "x"}) fs::remove(base / n);
    SetUp();
    open();
    guest(c.task);
    c.stranger(base);
    const auto theirs = picture(base.text());
    const auto done = commit();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Code::conflict) << done.error().text();
    EXPECT_TRUE(picture(base.text()) == theirs);
  }
}

// Not everything that somebody does is a conflict.
TEST_P(MountedAttack, OthersMayWorkBesides) {
  guest([] { write("d/one", "mine"), write("d/new", "mine"), fs::remove("d/two"); });
  base.write("keep", "theirs");
  base.write("d/theirs", "theirs");
  fs::remove(base / "d/two");
  fs::remove_all(base / "d/e");
  const auto done = commit();
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(base.read("keep"), "theirs");
  EXPECT_EQ(base.read("d/theirs"), "theirs");
  EXPECT_EQ(base.read("d/one"), "mine");
  EXPECT_EQ(base.read("d/new"), "mine");
  EXPECT_FALSE(fs::exists(base / "d/two"));
}

INSTANTIATE_TEST_SUITE_P(Ways, MountedAttack, every_way(), way_name);

}  // namespace
}  // namespace writ::workspace
