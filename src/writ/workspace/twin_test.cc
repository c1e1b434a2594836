// A folder that is exchanged as a whole, in what is different then. (What is the same whatever the manner: commit_test.cc.)
#include "writ/workspace/twin.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <atomic>
#include <functional>
#include <thread>

#include "writ/workspace/testing_commit.h"

namespace writ::workspace::testing {
namespace {

class Exchanged : public ::testing::Test {
 protected:
  Error refused() {
    const auto store = open_store(w.own.text());
    const auto done = w.commit(host_files(), *store);
    EXPECT_FALSE(done);
    EXPECT_EQ(picture(w.base.text()), w.old_picture);
    EXPECT_EQ(w.beside(), 0u);
    return done ? Error{} : done.error();
  }
  World w{6, Manner::swap};
};

TEST_F(Exchanged, WhatDoesNotChangeStaysTheSameFile) {
  const auto store = open_store(w.own.text());
  ::chmod((w.base / "d").c_str(), 0751);
  ASSERT_EQ(::setxattr((w.base / "d").c_str(), "user.mark", "m", 1, 0), 0);
  struct stat keep{}, folder{}, now{};
  ASSERT_EQ(::stat((w.base / "d/keep").c_str(), &keep), 0);
  ASSERT_EQ(::stat(w.base.text().c_str(), &folder), 0);
  const auto done = w.commit(host_files(), *store);
  ASSERT_TRUE(done) << done.error().text();
  ASSERT_EQ(::stat((w.base / "d/keep").c_str(), &now), 0);
  EXPECT_EQ(now.st_ino, keep.st_ino);
  EXPECT_EQ(now.st_nlink, 1u);
  ASSERT_EQ(::stat(w.base.text().c_str(), &now), 0);
  EXPECT_NE(now.st_ino, folder.st_ino);
  EXPECT_EQ(now.st_mode, folder.st_mode);
  ASSERT_EQ(::stat((w.base / "d").c_str(), &now), 0);
  EXPECT_EQ(now.st_mode & 07777, 0751u);
  EXPECT_EQ(::getxattr((w.base / "d").c_str(), "user.mark", nullptr, 0), 1);
}

// Whoever has opened the folder reads the old files or the new ones, or finds the old ones gone.
TEST_F(Exchanged, NobodySeesAMix) {
  const auto store = open_store(w.own.text());
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> olds{0}, news{0}, mixes{0};
  std::thread reader([&] {
    while (!over) {
      const Fd folder(::open(w.base.text().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      std::string ages;
      for (int i = 0; i < 6; ++i) {
        const Fd f(::openat(folder.get(), ("f" + std::to_string(i)).c_str(), O_RDONLY | O_CLOEXEC));
        char c = '?';
        if (f && ::read(f.get(), &c, 1) == 1) ages += c;
      }
      const bool is_old = ages.contains('o'), is_new = ages.contains('n');
      if (is_old && is_new) ++mixes;
      else if (is_new) ++news;
      else ++olds;
    }
  });
  while (olds == 0) std::this_thread::yield();
  const auto done = w.commit(host_files(), *store);
  over = true;
  reader.join();
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(mixes, 0u);
}

// Between the transaction and the exchange.
TEST_F(Exchanged, WhatOthersDidMeanwhileIsCarriedOver) {
  const auto store = open_store(w.own.text());
  w.base.write("d/other", "x");
  auto commit = Commit::prepare(host_files(), w.places, w.id, w.changes, w.places.shadow(w.id), {}, Manner::swap);
  ASSERT_TRUE(commit) << commit.error().text();
  ASSERT_TRUE(store->write([&](store::Transaction& t) { return (*commit)->enter(t); }));
  w.base.write("d/fresh", "fresh");                     // a new file
  w.base.write("theirs/deep/file", "t");                // in a new folder
  w.base.write("d/keep", "kept and written to");        // in place
  w.base.write("d/saved", "as editors do it");          // replaced
  fs::rename(w.base / "d/saved", w.base / "d/other");
  w.base.write("f3", "mine\n");                         // what the task changed
  w.base.write("old/deep/new", "in a folder that goes");
  const auto left = (*commit)->apply();
  ASSERT_TRUE(left) << left.error().text();
  ASSERT_EQ(left->size(), 2u);
  const auto& stays = (*left)[0].ends_with("old/deep/new") ? (*left)[0] : (*left)[1];
  EXPECT_TRUE(stays.ends_with("old/deep/new")) << stays;
  EXPECT_TRUE(fs::exists(stays)) << "what is named is there";
  EXPECT_TRUE((*left)[0] == w.base / "f3" || (*left)[1] == w.base / "f3");
  auto expected = w.new_picture;
  expected["f3"] = "mine\n";
  expected["d/fresh"] = "fresh";
  expected["d/keep"] = "kept and written to";
  expected["d/other"] = "as editors do it";
  expected["theirs"] = expected["theirs/deep"] = "/";
  expected["theirs/deep/file"] = "t";
  EXPECT_EQ(picture(w.base.text()), expected);
  ASSERT_TRUE((*commit)->finish(*store));
  fs::remove_all(stays.substr(0, stays.size() - std::string("/old/deep/new").size()));
}

// Somebody moved it away, or put another in its place: that is left alone, and nothing lies around.
TEST_F(Exchanged, AnotherFolderInItsPlaceIsLeftAlone) {
  const auto store = open_store(w.own.text());
  auto commit = Commit::prepare(host_files(), w.places, w.id, w.changes, w.places.shadow(w.id), {}, Manner::swap);
  ASSERT_TRUE(commit) << commit.error().text();
  ASSERT_TRUE(store->write([&](store::Transaction& t) { return (*commit)->enter(t); }));
  const std::string away = w.base.text() + "-away";
  fs::rename(w.base.text(), away);
  w.base.write("another", "a");
  const auto left = (*commit)->apply();
  ASSERT_TRUE(left) << left.error().text();
  EXPECT_EQ(*left, std::vector<std::string>{w.base.text()});
  EXPECT_EQ(picture(w.base.text()), (Picture{{"another", "a"}}));
  EXPECT_EQ(picture(away), w.old_picture);
  EXPECT_EQ(w.beside(), 0u);
  fs::remove_all(away);
}

// The same at the very last moment.
TEST_F(Exchanged, AnotherFolderAtTheLastMomentGoesBack) {
  const auto store = open_store(w.own.text());
  const std::string away = w.base.text() + "-away";
  FailingFiles files;
  files.before_exchange = [&] {
    fs::rename(w.base.text(), away);
    w.base.write("another", "a");
  };
  const auto done = w.commit(files, *store);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().what, "left alone") << done.error().text();
  EXPECT_EQ(picture(w.base.text()), (Picture{{"another", "a"}}));
  EXPECT_EQ(picture(away), w.old_picture);
  EXPECT_EQ(w.beside(), 0u);
  fs::remove_all(away);
}

TEST_F(Exchanged, AStoreInItIsRefused) {
  w.base.write("d/.writ/store.db", "s");
  w.old_picture = picture(w.base.text());
  const auto e = refused();
  EXPECT_EQ(e.code, Code::unsupported) << e.text();
  EXPECT_TRUE(e.where.ends_with("d/.writ")) << e.text();
}

TEST_F(Exchanged, AMountPointIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto in_a_child = [](const std::function<void()>& work) {
    const pid_t child = ::fork();
    if (child == 0) work();
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  };
  const int status = in_a_child([&] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) ::_exit(2);
    if (::mount("none", (w.base / "d").c_str(), "tmpfs", 0, nullptr) != 0) ::_exit(2);
    const auto e = w.commit(host_files(), *open_store(w.own.text()));
    ::_exit(!e && e.error().code == Code::conflict ? 0 : 1);  // the folder d is another now
  });
  EXPECT_EQ(status, 0);
  const int root = in_a_child([&] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) ::_exit(2);
    if (::mount(w.base.text().c_str(), w.base.text().c_str(), nullptr, MS_BIND, nullptr) != 0) ::_exit(2);
    const auto e = w.commit(host_files(), *open_store(w.own.text()));
    ::_exit(!e && e.error().code == Code::unsupported && e.error().what.contains("mount point") ? 0 : 1);
  });
  EXPECT_EQ(root, 0);
}

TEST_F(Exchanged, WithoutSecondNamesItIsRefused) {
  const auto store = open_store(w.own.text());
  FailingFiles files;
  files.has_second_names = false;
  const auto done = w.commit(files, *store);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::unsupported) << done.error().text();
  EXPECT_EQ(picture(w.base.text()), w.old_picture);
  EXPECT_EQ(w.beside(), 0u);
}

}  // namespace
}  // namespace writ::workspace::testing
