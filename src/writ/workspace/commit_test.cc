// The redo journal, against everything that can come between: failing operations, a full disk, other people's changes, and
// the end of the process at every step. What is demanded each time: the tree is old or new, never a mix, and nothing is left.
#include "writ/workspace/commit.h"

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>

#include "writ/workspace/testing_commit.h"

namespace writ::workspace::testing {
namespace {

int in_a_child(const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

bool soak() { return std::getenv("WRIT_SOAK") != nullptr; }

class EachManner : public ::testing::TestWithParam<Manner> {};
INSTANTIATE_TEST_SUITE_P(Commit, EachManner, ::testing::Values(Manner::in_place, Manner::swap),
                         [](const auto& p) { return p.param == Manner::swap ? "Swap" : "InPlace"; });

TEST_P(EachManner, MakesItSo) {
  World w(6, GetParam());
  const auto store = open_store(w.own.text());
  const auto done = w.commit(host_files(), *store);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(picture(w.base.text()), w.new_picture);
  struct stat a{}, b{};
  ASSERT_EQ(::stat((w.base / "f0").c_str(), &a), 0);
  EXPECT_EQ(a.st_mode & 07777, 0750u) << "the mode stays";
  ASSERT_EQ(::stat((w.base / "made/in/y").c_str(), &a), 0);
  ASSERT_EQ(::stat((w.base / "made/twin").c_str(), &b), 0);
  EXPECT_EQ(a.st_ino, b.st_ino) << "two names of one file";
  w.recover_and_check(*store);
}

TEST_P(EachManner, TakesBackWhatItDid) {
  World w(6, GetParam());
  const auto store = open_store(w.own.text());
  ASSERT_TRUE(w.commit(host_files(), *store));
  const auto back = reverse(host_files(), w.places, w.id, w.changes);
  ASSERT_TRUE(back) << back.error().text();
  const auto again = parse_changes(text_of(*back));
  ASSERT_TRUE(again) << again.error().text();
  const TaskId undo = TaskId::random();
  auto commit = Commit::prepare(host_files(), w.places, undo, *back, w.places.undo(w.id), {}, GetParam());
  ASSERT_TRUE(commit) << commit.error().text();
  ASSERT_TRUE(store->write([&](store::Transaction& t) { return (*commit)->enter(t); }));
  const auto left = (*commit)->apply();
  ASSERT_TRUE(left) << left.error().text();
  EXPECT_TRUE(left->empty());
  ASSERT_TRUE((*commit)->finish(*store));
  EXPECT_EQ(picture(w.base.text()), w.old_picture);
}

// Where a file cannot have a second name, contents and what they replace are copied.
TEST(Commit, WithoutSecondNames) {
  World w;
  const auto store = open_store(w.own.text());
  FailingFiles files;
  files.has_second_names = false;
  const auto done = w.commit(files, *store);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(picture(w.base.text()), w.new_picture);
  w.undo_and_check(*store);
}

// What a commit replaced is kept as it is. Whoever had it open may write on: then it is not what undo would bring back.
TEST_P(EachManner, WhatIsWrittenIntoAReplacedFileIsNotUndone) {
  World w(6, GetParam());
  const auto store = open_store(w.own.text());
  const Fd editor(::open((w.base / "f1").c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(w.commit(host_files(), *store));
  ASSERT_EQ(::pwrite(editor.get(), "OLD", 3, 0), 3);
  const auto back = reverse(host_files(), w.places, w.id, w.changes);
  ASSERT_TRUE(back) << back.error().text();
  const auto undo = Commit::prepare(host_files(), w.places, TaskId::random(), *back, w.places.undo(w.id), {}, GetParam());
  ASSERT_FALSE(undo);
  EXPECT_EQ(undo.error().code, Code::corrupt) << undo.error().text();
  EXPECT_EQ(picture(w.base.text()), w.new_picture);
}

TEST_P(EachManner, UndoRefusesWhatChangedSince) {
  World w(6, GetParam());
  const auto store = open_store(w.own.text());
  ASSERT_TRUE(w.commit(host_files(), *store));
  w.base.write("f1", "mine\n");
  auto back = reverse(host_files(), w.places, w.id, w.changes);
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, Code::conflict);
  EXPECT_NE(back.error().what.find(w.base / "f1"), std::string::npos) << back.error().what;
  const auto some = only(w.changes, {w.base / "f2"}, Purpose::undo);
  ASSERT_TRUE(some);
  EXPECT_TRUE(reverse(host_files(), w.places, w.id, *some));
  ASSERT_TRUE(forget_undo(*store, w.places, WallTime{INT64_MAX}));
  back = reverse(host_files(), w.places, w.id, *some);
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, Code::unavailable);
}

// Whatever somebody did to the base since the task looked: a conflict, and nothing of the task's is written.
TEST_P(EachManner, AChangedBaseIsAConflict) {
  const std::vector<std::function<void(World&)>> strangers{
      [](World& w) { w.base.write("f2", "another\n"); },
      [](World& w) { fs::remove(w.base / "f2"); },
      [](World& w) { w.base.write("made", "taken"); },
      [](World& w) { w.base.write("made/in/y", "taken"); },
      [](World& w) { w.base.write("old/deep/new", "in a folder that goes"); },
      [](World& w) { fs::remove(w.base / "d/gone"); },
      [](World& w) { fs::rename(w.base / "d", w.base / "d2"), fs::create_directory(w.base / "d"); },
      [](World& w) { fs::rename(w.base / "d", w.base / "d2"), fs::create_symlink("d2", w.base / "d"); },
      [](World& w) { fs::remove(w.base / "link"), fs::create_symlink("f1", w.base / "link"); },
      [](World& w) { ::chmod((w.base / "f2").c_str(), 0600); },
  };
  for (std::size_t i = 0; i < strangers.size(); ++i) {
    World w(6, GetParam());
    const auto store = open_store(w.own.text());
    strangers[i](w);
    const auto theirs = picture(w.base.text());
    const auto done = w.commit(host_files(), *store);
    ASSERT_FALSE(done) << i;
    EXPECT_EQ(done.error().code, Code::conflict) << i << " " << done.error().text();
    EXPECT_FALSE(w.entered) << i;
    EXPECT_TRUE(picture(w.base.text()) == theirs) << i;
  }
}

// Another name dates a file, and changes nothing of it: backups do that, and the twin of a commit that came to nothing.
TEST_P(EachManner, AnotherNameIsNoChange) {
  World w(6, GetParam());
  const auto store = open_store(w.own.text());
  fs::create_hard_link(w.base / "f2", w.own / "f2");
  fs::create_hard_link(w.base / "d/gone", w.own / "gone");
  fs::remove(w.own / "gone");
  const auto done = w.commit(host_files(), *store);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(picture(w.base.text()), w.new_picture);
}

// The same at the last moment: after everything was prepared.
TEST_P(EachManner, AChangeWhileItIsPreparedIsAConflictToo) {
  World w(6, GetParam());
  const auto store = open_store(w.own.text());
  auto commit = Commit::prepare(host_files(), w.places, w.id, w.changes, w.places.shadow(w.id), {}, GetParam());
  ASSERT_TRUE(commit);
  w.base.write("f3", "another\n");
  const auto entered = store->write([&](store::Transaction& t) { return (*commit)->enter(t); });
  ASSERT_FALSE(entered);
  EXPECT_EQ(entered.error().code, Code::conflict);
  commit->reset();
  w.old_picture["f3"] = "another\n";
  EXPECT_TRUE(picture(w.base.text()) == w.old_picture) << "prepared copies are left";
}

TEST(Commit, WhatSomebodyMakesInTheMiddleIsLeftAlone) {
  World w;
  const auto store = open_store(w.own.text());
  auto commit = Commit::prepare(host_files(), w.places, w.id, w.changes, w.places.shadow(w.id));
  ASSERT_TRUE(commit);
  ASSERT_TRUE(store->write([&](store::Transaction& t) { return (*commit)->enter(t); }));
  w.base.write("f3", "mine\n");
  const auto left = (*commit)->apply();
  ASSERT_TRUE(left);
  EXPECT_EQ(*left, std::vector<std::string>{w.base / "f3"});
  w.new_picture["f3"] = "mine\n";
  EXPECT_TRUE(picture(w.base.text()) == w.new_picture);
}

TEST(Commit, OneAtATime) {
  World w;
  const auto store = open_store(w.own.text());
  auto first = Commit::prepare(host_files(), w.places, w.id, w.changes, w.places.shadow(w.id));
  ASSERT_TRUE(first);
  Folder other;
  fs::create_directories(other / "shadows");
  const auto second = Commit::prepare(host_files(), {other.text()}, TaskId::random(), w.changes, w.places.shadow(w.id));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::conflict);
  const auto r = recover(host_files(), *store, w.places, keep_nothing);
  ASSERT_TRUE(r);
  EXPECT_TRUE(fs::exists(w.places.shadow(w.id))) << "recovery took a living commit for a dead one";
}

// Operation n fails, for every n: an error, and after recovery old or new.
TEST_P(EachManner, EveryOperationMayFail) {
  std::uint64_t operations = 0;
  {
    World w(6, GetParam());
    FailingFiles count;
    ASSERT_TRUE(w.commit(count, *open_store(w.own.text())));
    operations = count.done;
  }
  std::printf("%llu operations of the workspace journal\n", static_cast<unsigned long long>(operations));
  ASSERT_GT(operations, 0u);
  std::uint64_t olds = 0, news = 0;
  for (int full = 0; full < (soak() ? 2 : 1); ++full)
    for (std::uint64_t n = 1; n <= operations; ++n) {
      const int number = (n + static_cast<std::uint64_t>(full)) % 2 == 0 ? EIO : ENOSPC;
      World w(6, GetParam());
      const auto store = open_store(w.own.text());
      FailingFiles files;
      files.how = FailingFiles::How::fail;
      files.at = n;
      files.number = number;
      const auto done = w.commit(files, *store);
      if (done && files.done < n) continue;  // an optional step failed and another way was taken
      SCOPED_TRACE("operation " + std::to_string(n));
      w.recover_and_check(*store);
      if (!done) {
        EXPECT_EQ(w.recovered_new, w.entered);
      }
      if (HasFailure()) return;
      (w.recovered_new ? news : olds) += 1;
    }
  EXPECT_GT(olds, 0u);
  EXPECT_GT(news, 0u);
}

// The process ends at operation n, for every n.
TEST_P(EachManner, TheProcessMayEndAnywhere) {
  std::uint64_t operations = 0;
  {
    World w(6, GetParam());
    FailingFiles count;
    ASSERT_TRUE(w.commit(count, *open_store(w.own.text())));
    operations = count.done;
  }
  ASSERT_GT(operations, 0u);
  std::uint64_t olds = 0, news = 0;
  const std::uint64_t step = soak() ? 1 : 3;
  for (std::uint64_t n = 1; n <= operations; n += step) {
    World w(6, GetParam());
    const int status = in_a_child([&] {
      const auto store = open_store(w.own.text());
      FailingFiles files;
      files.how = FailingFiles::How::die;
      files.at = n;
      (void)!w.commit(files, *store).has_value();
    });
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == FailingFiles::died) << n;
    SCOPED_TRACE("operation " + std::to_string(n));
    const auto store = open_store(w.own.text());
    w.recover_and_check(*store);
    if (HasFailure()) return;
    (w.recovered_new ? news : olds) += 1;
  }
  EXPECT_GT(olds, 0u);
  EXPECT_GT(news, 0u);
}

// kill -9 at random moments of a commit, and of the recoveries that follow.
void kill_at_random(int files, int rounds, Manner manner = Manner::in_place) {
  std::mt19937 random(11);
  // How long a whole one takes here and now, so that kills fall everywhere in it and a little behind.
  const auto begun = std::chrono::steady_clock::now();
  {
    World w(files, manner);
    in_a_child([&] { (void)!w.commit(host_files(), *open_store(w.own.text(), store::Durability::sync)).has_value(); });
  }
  auto whole = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begun).count();
  std::uint64_t olds = 0, news = 0;
  for (int round = 0; round < rounds; ++round) {
    World w(files, manner);
    const auto killed = [&](const std::function<void()>& work) {
      const pid_t child = ::fork();
      if (child == 0) {
        work();
        ::_exit(0);
      }
      ::usleep(static_cast<useconds_t>(random() % static_cast<unsigned>(whole)));
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    };
    killed([&] {
      const auto store = open_store(w.own.text(), store::Durability::sync);
      (void)!w.commit(host_files(), *store).has_value();
    });
    if (round % 2 == 0)
      killed([&] {
        const auto store = open_store(w.own.text());
        (void)!recover(host_files(), *store, w.places, keep_nothing).has_value();
      });
    SCOPED_TRACE("round " + std::to_string(round));
    const auto store = open_store(w.own.text());
    w.recover_and_check(*store);
    if (w.recovered_new) w.undo_and_check(*store);
    if (::testing::Test::HasFailure()) return;
    (w.recovered_new ? news : olds) += 1;
    // A disk that others use is slow at one time and fast at another: the next kills follow it.
    whole = std::max<decltype(whole)>(1000, w.recovered_new ? whole * 3 / 4 : whole * 5 / 4);
  }
  if (rounds > 20) {
    EXPECT_GT(olds, 0u);
    EXPECT_GT(news, 0u);
  }
  std::printf("%d files, %d kills: %llu old, %llu new, no mix\n", files, rounds, static_cast<unsigned long long>(olds),
              static_cast<unsigned long long>(news));
}

TEST(Commit, KilledWithTwentyFiles) { kill_at_random(20, soak() ? 200 : 24); }
TEST(Commit, KilledWithTwentyFilesWhenExchanged) { kill_at_random(20, soak() ? 200 : 24, Manner::swap); }
TEST(Commit, KilledWithAHundredFiles) { kill_at_random(100, soak() ? 200 : 8); }
TEST(Commit, KilledWithAThousandFiles) { kill_at_random(1000, soak() ? 200 : 2); }

// A tree with names that terminals, shells and JSON stumble over.
TEST(Commit, NamesAreBytes) {
  Folder base, own;
  const Places places{own.text()};
  const TaskId id = TaskId::random();
  auto shadow = Shadow::open({base.text(), places.shadow(id), [] { return WallTime{}; }});
  ASSERT_TRUE(shadow);
  const std::vector<std::string> names{"new\nline", "\x1b[31m", "\xff\xfe\x80", "-rf", "a b", std::string(255, 'x'), "\\", "\"", "%41"};
  for (const auto& n : names) {
    auto f = (*shadow)->open_file(n, Follow::no, Use::write, Create::always_new, Empty::no);
    ASSERT_TRUE(f && (*f)->write_at(0, std::as_bytes(std::span(n))));
  }
  Changes changes;
  changes.trees.push_back(*(*shadow)->seal());
  const auto store = open_store(own.text());
  auto commit = Commit::prepare(host_files(), places, id, changes, places.shadow(id));
  ASSERT_TRUE(commit) << commit.error().text();
  ASSERT_TRUE(store->write([&](store::Transaction& t) { return (*commit)->enter(t); }));
  ASSERT_TRUE((*commit)->apply());
  ASSERT_TRUE((*commit)->finish(*store));
  Picture wanted;
  for (const auto& n : names) wanted[n] = n;
  EXPECT_EQ(picture(base.text()), wanted);
}

}  // namespace
}  // namespace writ::workspace::testing
