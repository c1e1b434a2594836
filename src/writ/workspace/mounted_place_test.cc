// Mounted shadows where the machine is not as roomy and plain as one would like: volumes and files mounted in the folder, disks
// that fill up, an ordinary user, a store inside the folder, an upper folder elsewhere.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "writ/workspace/testing_mounted_task.h"
#include "writ/workspace/undo.h"

namespace writ::workspace {
namespace {

using namespace testing;

void demand(bool so, const std::string& what) {
  if (!so) throw std::runtime_error(what);
}
template <class T>
void demand(const Result<T>& r, const std::string& what) {
  if (!r) throw std::runtime_error(what + ": " + r.error().text());
}

// In a process of its own; what it throws is printed, and fails the test.
void apart(const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      work();
      ::_exit(::testing::Test::HasFailure() ? 1 : 0);
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s\n", e.what());
      ::_exit(1);
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

class MountedPlace : public MountedTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to mount and to become others";
    MountedTest::SetUp();
  }
  // Mounts of the work go with it.
  void in_namespace(const std::function<void()>& work) {
    apart([&] {
      must(::unshare(CLONE_NEWNS), "unshare");
      must(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private");
      work();
    });
  }
  static void mount_tmpfs(const std::string& at, const std::string& size) {
    fs::create_directories(at);
    must(::mount("tmpfs", at.c_str(), "tmpfs", 0, ("mode=0700,size=" + size).c_str()), "tmpfs");
  }
  // Everything of a disk that is free, but for some bytes.
  static void fill(const std::string& folder, std::size_t leave) {
    const Fd fd(::open((folder + "/filler").c_str(), O_WRONLY | O_CREAT, 0600));
    const std::string block(4096, 'f');
    off_t size = 0;
    while (::write(fd.get(), block.data(), block.size()) > 0) size += 4096;
    must(::ftruncate(fd.get(), std::max<off_t>(0, size - static_cast<off_t>(leave))), "ftruncate");
  }
};

TEST_P(MountedPlace, AVolumeInTheFolder) {
  in_namespace([this] {
    const auto volume = base / "d/volume";
    mount_tmpfs(volume, "1m");
    base.write("d/volume/x", "old");
    base.write("d/volume/gone", "old");
    base.write("d/volume/s/.writ/secret", "s");
    struct stat before{}, after{}, outer{};
    must(::stat(volume.c_str(), &before), "stat");
    wait_a_tick();
    const auto old = picture(base.text());
    if (GetParam() == Way::user) return demand(!make(setup()), "a user namespace may not lay bare what is below a volume");
    open();
    demand(GetParam() == Way::copy || shadow->mounts().size() == 2, "one overlay for each");
    guest([] {
      demand(fs::exists("d/volume/x"), "the volume is not seen");
      demand(!fs::exists("d/volume/s/.writ"), "a hidden name is seen");
      write("d/volume/x", "new");
      write("d/volume/made", "new");
      fs::remove("d/volume/gone");
      write("keep", "new");
    });
    demand(picture(base.text()) == old, "the base changed");
    demand(commit(), "commit");
    demand(base.read("d/volume/x") == "new" && base.read("d/volume/made") == "new" && base.read("keep") == "new", "it is not so");
    demand(!fs::exists(base / "d/volume/gone"), "it is still there");
    must(::stat(volume.c_str(), &after), "stat");
    must(::stat((base / "d").c_str(), &outer), "stat");
    demand(before.st_dev == after.st_dev && before.st_ino == after.st_ino && outer.st_dev != after.st_dev, "the volume is another");
    const auto back = reverse(host_files(), places, id, changes);
    demand(back, "reverse");
    const auto first = id;
    id = TaskId::random();
    changes = *back;
    const auto store = open_store(own.text());
    auto undo = Commit::prepare(host_files(), places, id, changes, places.undo(first));
    demand(undo, "prepare undo");
    demand(store->write([&](store::Transaction& t) { return (*undo)->enter(t); }), "enter undo");
    demand((*undo)->apply(), "apply undo");
    demand(picture(base.text()) == old, "undo left a mix");
  });
}

TEST_P(MountedPlace, AVolumeCannotGo) {
  in_namespace([this] {
    mount_tmpfs(base / "d/volume", "1m");
    base.write("d/volume/x", "old");
    wait_a_tick();
    if (GetParam() == Way::user) return;
    open();
    guest([] {
      std::error_code ignored;
      fs::remove_all("d", ignored);
    });
    const auto sealed = shadow->seal();
    demand(base.read("d/volume/x") == "old", "the volume changed");
    if (GetParam() == Way::copy) return demand(!sealed && sealed.error().code == Code::denied, "it was sealed");
    demand(sealed, "seal");  // the kernel kept the task from it
    for (const auto& c : sealed->changes) demand(c.path != "d" && c.path != "d/volume", "it goes");
  });
}

TEST_P(MountedPlace, AFileMountedInTheFolder) {
  in_namespace([this] {
    own.write("other", "mounted");
    must(::mount((own / "other").c_str(), (base / "keep").c_str(), nullptr, MS_BIND, nullptr), "bind");
    const auto made = make(setup());
    demand(made.has_value() == (GetParam() == Way::copy), "an overlay cannot show it");
    demand(made || made.error().code == Code::unsupported, "unsupported");
  });
}

// Times of whole seconds: the change after the start carries the same one as the start.
TEST_P(MountedPlace, AFileSystemThatDatesByTheSecond) {
  const auto image = own / "image", at = own / "disk";
  fs::create_directory(at);
  const auto commands = "truncate -s 8M '" + image + "' && mke2fs -q -t ext4 -I 128 -F '" + image + "' && mount -o loop '" + image + "' '" + at + "'";
  in_namespace([&] {
    if (std::system(("{ " + commands + "; } >/dev/null 2>&1").c_str()) != 0) {
      std::puts("no loop device or no mke2fs here");
      return;
    }
    fs::create_directory(at + "/w");
    write(at + "/w/x", "old");
    const auto begin_of_second = [] {
      timespec now{};
      while (::clock_gettime(CLOCK_REALTIME, &now) == 0 && now.tv_nsec > 300'000'000) ::usleep(20'000);
    };
    ::usleep(1'000'000);
    begin_of_second();
    auto s = setup();
    s.root = at + "/w";
    auto made = make(s);
    demand(made, "open");
    shadow = std::move(*made);
    ::usleep(20'000);
    write(at + "/w/x", "their");
    guest([] { write("x", "mine"); });
    const auto sealed = shadow->seal();
    demand(!sealed && sealed.error().code == Code::conflict, "their change was not noticed");
    shadow.reset();
  });
}

TEST_P(MountedPlace, AStoreInTheFolder) {
  places.store = base / ".writ";
  const auto inside = make(setup());
  EXPECT_EQ(inside.has_value(), GetParam() == Way::copy);
  if (!inside) {
    EXPECT_EQ(inside.error().code, Code::unsupported) << inside.error().text();
  }
  id = TaskId::random();
  auto with_place = setup();
  with_place.elsewhere = {"/nowhere", own.text()};
  auto made = make(with_place);
  ASSERT_TRUE(made) << made.error().text();
  shadow = std::move(*made);
  guest([] { write("keep", "new"); });
  auto sealed = shadow->seal();
  ASSERT_TRUE(sealed) << sealed.error().text();
  ASSERT_EQ(sealed->changes.size(), 1u);
  EXPECT_TRUE(picture(own.text()).empty()) << "what lay elsewhere is left";
}

// A task that was killed left its changes elsewhere: whoever clears its private folder clears them.
TEST_P(MountedPlace, WhatLiesElsewhereGoesWithThePrivateFolder) {
  if (GetParam() == Way::copy) return;
  places.store = base / ".writ";
  auto with_place = setup();
  with_place.elsewhere = {own.text()};
  apart([&] {
    auto made = make(with_place);
    demand(made, "make");
    ::_exit(0);
  });
  EXPECT_FALSE(picture(own.text()).empty());
  ASSERT_TRUE(remove_contents(places.shadow(id)));
  EXPECT_TRUE(picture(own.text()).empty());
  EXPECT_FALSE(fs::exists(places.shadow(id)));
}

// One task with two folders: one private folder, one commit. The same where their changes lie elsewhere.
TEST_P(MountedPlace, TwoFolders) {
  Folder other;
  other.write("x", "old");
  wait_a_tick();
  auto second_setup = setup();
  second_setup.root = other.text();
  auto first = make(setup()), second = make(second_setup);
  ASSERT_TRUE(first) << first.error().text();
  ASSERT_TRUE(second) << second.error().text();
  ASSERT_EQ(as_guest(**first, form(), [] { write("keep", "new"); }), 0);
  ASSERT_EQ(as_guest(**second, form(), [] { write("x", "new"); }), 0);
  for (auto* made : {&first, &second}) {
    auto sealed = (**made)->seal();
    ASSERT_TRUE(sealed) << sealed.error().text();
    ASSERT_EQ(sealed->changes.size(), 1u);
    changes.trees.push_back(std::move(*sealed));
  }
  if (changes.trees[0].root > changes.trees[1].root) std::swap(changes.trees[0], changes.trees[1]);
  const auto done = commit_changes();
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(base.read("keep"), "new");
  EXPECT_EQ(other.read("x"), "new");
}

TEST_P(MountedPlace, TwoFoldersElsewhere) {
  if (GetParam() == Way::copy) return;
  Folder other;
  places.store = base / ".writ";
  auto one = setup();
  one.elsewhere = {other.text()};
  auto first = make(one), second = make(one);
  ASSERT_TRUE(first) << first.error().text();
  ASSERT_TRUE(second) << second.error().text();
  EXPECT_NE((*first)->mounts()[0].upper, (*second)->mounts()[0].upper);
  first->reset();
  EXPECT_TRUE(fs::exists((*second)->mounts()[0].upper)) << "one went with the other";
  second->reset();
  EXPECT_TRUE(picture(other.text()).empty()) << "what lay elsewhere is left";
}

// Full where the task's private files and copies for undo are.
TEST_P(MountedPlace, NoSpaceInTheStore) {
  in_namespace([this] {
    base.write("big", std::string(300'000, 'b'));
    wait_a_tick();
    mount_tmpfs(own.text(), "1500k");
    open();
    guest([] { write("big", std::string(100'000, 'n')), write("keep", "new"); });
    const auto old = picture(base.text());
    auto sealed = shadow->seal();
    demand(sealed, "seal");
    changes.trees.push_back(std::move(*sealed));
    const auto store = open_store(own.text());
    fill(own.text(), 100'000);
    auto commit = Commit::prepare(host_files(), places, id, changes, places.shadow(id));
    demand(!commit && commit.error().code == Code::exhausted, "prepared although there is no room");
    demand(picture(base.text()) == old, "the base changed");
    demand(!fs::exists(places.undo(id)), "copies are left");
    fs::remove(own / "filler");
    commit = Commit::prepare(host_files(), places, id, changes, places.shadow(id));
    demand(commit, "with room");
    demand(store->write([&](store::Transaction& t) { return (*commit)->enter(t); }), "enter");
    demand((*commit)->apply(), "apply");
    demand(base.read("keep") == "new", "nothing is lost");
  });
}

TEST_P(MountedPlace, NoSpaceForTheTransaction) {
  in_namespace([this] {
    mount_tmpfs(own.text(), "1500k");
    open();
    guest([] { write("keep", "new"), fs::remove("d/one"); });
    const auto old = picture(base.text());
    auto sealed = shadow->seal();
    demand(sealed, "seal");
    changes.trees.push_back(std::move(*sealed));
    {
      const auto store = open_store(own.text());
      auto commit = Commit::prepare(host_files(), places, id, changes, places.shadow(id));
      demand(commit, "prepare");
      fill(own.text(), 0);
      const auto entered = store->write([&](store::Transaction& t) { return (*commit)->enter(t); });
      demand(!entered, "entered although there is no room");
    }
    fs::remove(own / "filler");
    shadow.reset();  // else the task is alive, and recovery leaves it alone
    const auto store = open_store(own.text());
    const auto r = recover(host_files(), *store, places, [](const store::View&, const TaskId&) -> Result<bool> { return false; });
    demand(r, "recover");
    demand(picture(base.text()) == old, "the base changed");
  });
}

TEST_P(MountedPlace, NoSpaceInTheFolder) {
  in_namespace([this] {
    mount_tmpfs(base.text(), "1m");
    base.write("keep", "k");
    wait_a_tick();
    open();
    guest([] { write("keep", std::string(300'000, 'n')); });
    fill(base.text(), 100'000);
    const auto old = picture(base.text());
    const auto done = commit();
    demand(!done && done.error().code == Code::exhausted, "committed although there is no room");
    demand(picture(base.text()) == old, "the base changed");
    fs::remove(base / "filler");
    demand(commit_changes(), "with room");
  });
}

// Where the task's changes are kept: it is told by the kernel, as on any disk; what there is can be sealed, or not, and the
// base is as it was.
TEST_P(MountedPlace, NoSpaceForWhatTheTaskWrites) {
  in_namespace([this] {
    mount_tmpfs(own.text(), "400k");
    open();
    const auto old = picture(base.text());
    int status = as_guest(*shadow, form(), [] {
      const int fd = ::open("big", O_WRONLY | O_CREAT, 0600);
      const std::string block(100'000, 'b');
      for (int i = 0; i < 10; ++i)
        if (::write(fd, block.data(), block.size()) < 0) ::_exit(errno == ENOSPC ? 7 : 8);
    });
    demand(status == 7, "no ENOSPC");
    shadow.reset();
    demand(picture(base.text()) == old, "the base changed");
    demand(remove_contents(places.shadow(id)), "clear");
  });
  if (GetParam() != Way::copy) return;
  in_namespace([this] {
    base.write("big", std::string(900'000, 'b'));
    mount_tmpfs(own.text(), "400k");
    const auto made = make(setup());
    demand(!made && made.error().code == Code::exhausted, "copied although there is no room");
  });
}

// Without any rights: modes that keep the owner out, folders that may not be written, a private folder that can be cleared.
TEST_P(MountedPlace, AnOrdinaryUser) {
  if (GetParam() == Way::trusted) return;
  constexpr uid_t nobody_special = 12345;
  base.write("sealed/in/x", "x");
  base.write("locked/x", "not for the task");
  for (const auto& folder : {base.text(), own.text()}) {
    must(::chown(folder.c_str(), nobody_special, nobody_special), "chown");
    for (const auto& e : fs::recursive_directory_iterator(folder)) must(::lchown(e.path().c_str(), nobody_special, nobody_special), "chown");
  }
  must(::chmod((base / "sealed/in").c_str(), 0555), "chmod");
  must(::chmod((base / "locked").c_str(), 0), "chmod");
  wait_a_tick();
  apart([this] {
    must(::setgroups(0, nullptr), "setgroups");
    must(::setresgid(nobody_special, nobody_special, nobody_special), "setresgid");
    must(::setresuid(nobody_special, nobody_special, nobody_special), "setresuid");
    must(::prctl(PR_SET_DUMPABLE, 1), "prctl");  // or /proc/self stays root's
    open();
    demand(shadow != nullptr, "open");
    guest([] {
      write("keep", "new");
      fs::create_directories("made/in");
      write("made/in/y", "y");
      must(::chmod("made/in/y", 0), "chmod");
      must(::chmod("made/in", 0500), "chmod");
      fs::remove("d/one");
      write("private", "p");
      must(::chmod("private", 0), "chmod");
    });
    demand(commit(), "commit");
    demand(base.read("keep") == "new" && !fs::exists(base / "d/one"), "it is not so");
    struct stat s{};
    must(::stat((base / "private").c_str(), &s), "stat");
    demand((s.st_mode & 0777) == 0 && s.st_size == 1, "private");
    must(::stat((base / "made/in").c_str(), &s), "stat");
    demand((s.st_mode & 0777) == 0500, "made/in");
    demand(fs::exists(base / "sealed/in/x"), "sealed");
    demand(!fs::exists(places.shadow(id)), "the private folder is left");
  });
  must(::chmod((base / "locked").c_str(), 0700), "chmod");
  EXPECT_EQ(base.read("locked/x"), "not for the task");
}

// What a commit could not do is found before it is entered: an intent that can never be finished would stand for ever over a tree
// that is half new.
TEST_P(MountedPlace, AnOrdinaryUserMayNotDoAllThatATaskMay) {
  if (GetParam() == Way::trusted) return;
  constexpr uid_t nobody_special = 12345;
  base.write("sealed/x", "x");
  fs::create_directories(base / "roots");
  base.write("sticky/x", "x");
  for (const auto& folder : {base.text(), own.text()}) {
    must(::chown(folder.c_str(), nobody_special, nobody_special), "chown");
    for (const auto& e : fs::recursive_directory_iterator(folder)) must(::lchown(e.path().c_str(), nobody_special, nobody_special), "chown");
  }
  must(::chmod((base / "sealed").c_str(), 0555), "chmod");
  for (const auto* name : {"roots", "sticky", "sticky/x"}) must(::chown((base / name).c_str(), 0, 0), "chown");
  must(::chmod((base / "roots").c_str(), 0777), "chmod");
  must(::chmod((base / "sticky").c_str(), 01777), "chmod");
  wait_a_tick();
  const std::vector<std::function<void()>> tasks{
      [] { ::chmod("sealed", 0755), fs::remove("sealed/x"), ::chmod("sealed", 0555); },
      [] { ::chmod("sealed", 0755), fs::create_directory("sealed/made"), ::chmod("sealed", 0555); },
      [] { ::chmod("roots", 0700); },
      [] { ::unlink("sticky/x"); },
  };
  for (std::size_t i = 0; i < tasks.size(); ++i)
    apart([this, &task = tasks[i], i] {
      must(::setgroups(0, nullptr), "setgroups");
      must(::setresgid(nobody_special, nobody_special, nobody_special), "setresgid");
      must(::setresuid(nobody_special, nobody_special, nobody_special), "setresuid");
      must(::prctl(PR_SET_DUMPABLE, 1), "prctl");
      const auto before = picture(base.text());
      open();
      demand(shadow != nullptr, "open");
      guest([&task] { write("keep", "new"), task(); });
      const auto sealed = shadow->seal();
      if (!sealed || sealed->changes.size() < 2) return;  // the kernel refused it to the task, or it is refused here
      changes.trees = {*sealed};
      const auto done = commit_changes();
      shadow.reset();
      demand(!done, "committed: " + std::to_string(i));
      demand(picture(base.text()) == before, "the tree is half new: " + std::to_string(i));
      const auto store = open_store(own.text());
      const auto r = recover(host_files(), *store, places, [](const store::View&, const TaskId&) -> Result<bool> { return false; });
      demand(r && r->failures.empty(), "it can never be finished: " + std::to_string(i));
    });
}

INSTANTIATE_TEST_SUITE_P(Ways, MountedPlace, every_way(), way_name);

}  // namespace
}  // namespace writ::workspace
