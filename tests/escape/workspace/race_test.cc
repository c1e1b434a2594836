// Somebody exchanges a folder for a link to a place outside, over and over, while a shadow is read and written and while
// commits replace files: nothing outside is ever read or changed, and every commit is all or a conflict.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <functional>
#include <optional>
#include <thread>

#include "writ/workspace/commit.h"
#include "writ/workspace/shadow.h"
#include "writ/workspace/staged_contents.h"
#include "writ/workspace/testing_folder.h"
#include "writ/workspace/undo.h"

namespace writ::workspace {
namespace {

namespace fs = std::filesystem;
using testing::Folder;
using testing::picture;

// Of a store without staged tasks.
Result<bool> keep_nothing(const store::View&, const TaskId&) { return false; }

int rounds() { return std::getenv("WRIT_SOAK") != nullptr ? 20'000 : 300; }

class Race : public ::testing::Test {
 protected:
  void SetUp() override {
    base.write("d/file", "inside");
    base.write("d/sub/deep", "inside");
    outside.write("file", "outside");
    outside.write("sub/deep", "outside");
    fs::create_symlink(outside.text(), base / "link");
    untouched = picture(outside.text());
  }
  void TearDown() override { EXPECT_TRUE(picture(outside.text()) == untouched) << "something outside was changed"; }
  // Exchanges base/d and base/link until told to stop; counts.
  std::jthread exchanger() {
    return std::jthread([this](const std::stop_token& over) {
      const auto a = base / "d", b = base / "link";
      while (!over.stop_requested()) {
        if (::syscall(SYS_renameat2, AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) != 0) break;
        ++exchanges;
      }
      if (exchanges % 2 == 1) ::syscall(SYS_renameat2, AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE);
    });
  }
  std::unique_ptr<Shadow> shadow(const TaskId& id) {
    auto s = Shadow::open({base.text(), places.shadow(id), [] { return WallTime{1}; }});
    EXPECT_TRUE(s);
    return std::move(*s);
  }
  Folder base, outside, own;
  Places places{own.text()};
  std::map<std::string, std::string> untouched;
  std::atomic<std::uint64_t> exchanges = 0;
};

TEST_F(Race, AShadowNeverReadsOutside) {
  std::uint64_t inside = 0, refused = 0;
  const auto exchanging = exchanger();
  for (int i = 0; i < rounds(); ++i) {
    const auto s = shadow(TaskId::random());
    for (const char* path : {"d/file", "d/sub/deep"}) {
      auto f = s->open_file(path, Follow::yes, Use::read, Create::no, Empty::no);
      std::string text(6, '\0');
      const auto got = f ? (*f)->read_at(0, std::as_writable_bytes(std::span(text))) : Result<std::size_t>(f.error());
      if (got) {
        ASSERT_EQ(text.substr(0, *got), "inside");
        ++inside;
      } else {
        ++refused;
      }
    }
    if (const auto names = s->list("d")) {
      ASSERT_EQ(names->size(), 2u);
    }
  }
  std::printf("%llu exchanges; read inside %llu times, refused %llu times\n", static_cast<unsigned long long>(exchanges.load()),
              static_cast<unsigned long long>(inside), static_cast<unsigned long long>(refused));
  EXPECT_GT(exchanges, 0u);
  EXPECT_GT(inside + refused, 0u);
}

// How often a commit was whole, refused, or left something alone because somebody won after its last look.
struct Outcomes {
  std::uint64_t committed = 0, conflicts = 0, left = 0;
};

  // The scene when the changes of a task are in it.
  static std::map<std::string, std::string> committed(std::map<std::string, std::string> scene) {
    scene["d/file"] = "new";
    scene["d/made"] = "/";
    scene["d/made/new"] = "";
    scene["d/made/deep"] = "old";
    scene.erase("d/gone");
    scene.erase("d/sub/deep");
    return scene;
  }

class CommitRace : public Race {
 protected:
  void SetUp() override {
    Race::SetUp();
    store::OpenOptions options;
    options.access = store::Access::create;
    options.durability = store::Durability::none;
    store = *store::Store::open(own.text(), options);
    fs::remove_all(base / "d");
  }
  // The folder as every round finds it. Made anew: nobody's change of the round before is left.
  void set_scene() {
    fs::remove_all(base / "d");
    base.write("d/file", "old");
    base.write("d/gone", "old");
    base.write("d/sub/deep", "old");
  }
  Changes sealed(const TaskId& id) {
    const auto s = shadow(id);
    auto f = s->open_file("d/file", Follow::no, Use::write, Create::if_absent, Empty::yes);
    EXPECT_TRUE(f && (*f)->write_at(0, std::as_bytes(std::span("new", 3))));
    EXPECT_TRUE(s->remove_file("d/gone"));
    EXPECT_TRUE(s->make_folder("d/made"));
    EXPECT_TRUE(s->open_file("d/made/new", Follow::no, Use::write, Create::if_absent, Empty::yes));
    EXPECT_TRUE(s->rename("d/sub/deep", "d/made/deep"));
    auto tree = s->seal();
    EXPECT_TRUE(tree) << tree.error().text();
    return {{std::move(*tree)}};
  }
  // Nothing: a conflict, and nothing was entered. Else what was left alone.
  std::optional<std::vector<std::string>> commit(const TaskId& id, const Changes& changes, const std::string& contents) {
    auto commit = Commit::prepare(host_files(), places, id, changes, contents);
    if (!commit) return std::nullopt;
    if (const auto entered = store->write([&](store::Transaction& t) { return (*commit)->enter(t); }); !entered) {
      (*commit)->abandon();
      return std::nullopt;
    }
    const auto applied = (*commit)->apply();
    if (applied) (void)!(*commit)->finish(*store).has_value();
    commit->reset();
    const auto recovered = recover(host_files(), *store, places, keep_nothing);
    EXPECT_TRUE(recovered);
    if (applied) return *applied;
    return recovered->left;
  }
  // Runs one round beside somebody who exchanges the folder for a link now and then.
  void beside_a_stranger(const std::function<void()>& round) {
    const std::jthread stranger([this](const std::stop_token& over) {
      const auto a = base / "d", b = base / "link";
      while (!over.stop_requested()) {
        for (int twice = 0; twice < 2; ++twice)
          if (::syscall(SYS_renameat2, AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) ++exchanges;
        ::usleep(static_cast<useconds_t>(exchanges * 37 % 300));
      }
    });
    round();
  }
  void judge(const std::optional<std::vector<std::string>>& left, const std::map<std::string, std::string>& before,
             const std::map<std::string, std::string>& after, Outcomes& sum) {
    ASSERT_TRUE(recover(host_files(), *store, places, keep_nothing));  // as the next command does
    if (!left) {
      ++sum.conflicts;
      EXPECT_TRUE(picture(base.text()) == before) << "a refused commit changed something";
    } else if (left->empty()) {
      ++sum.committed;
      EXPECT_TRUE(picture(base.text()) == after) << "a commit is not whole";
    } else {
      ++sum.left;  // a copy may be left, too, in a folder that was away all the time
      return;
    }
    for (const auto& [path, content] : picture(base.text())) EXPECT_EQ(path.find(prepared_prefix), path.npos) << path;
    EXPECT_TRUE(picture(outside.text()) == untouched) << "something outside was changed";
  }
  void tell(const char* what, const Outcomes& sum) const {
    std::printf("%s: %llu exchanges; %llu committed, %llu conflicts, %llu left alone\n", what,
                static_cast<unsigned long long>(exchanges.load()), static_cast<unsigned long long>(sum.committed),
                static_cast<unsigned long long>(sum.conflicts), static_cast<unsigned long long>(sum.left));
    EXPECT_GT(exchanges, 0u);
    EXPECT_GT(sum.committed, 0u) << "the stranger won every time: this says nothing";
    EXPECT_GT(sum.conflicts + sum.left, 0u) << "the stranger never won: this says nothing";
  }
  std::unique_ptr<store::Store> store;
};

TEST_F(CommitRace, ACommitNeverWritesOutside) {
  Outcomes sum;
  for (int i = 0; i < rounds() / 2 && !HasFailure(); ++i) {
    set_scene();
    const auto before = picture(base.text());
    const TaskId id = TaskId::random();
    const Changes changes = sealed(id);
    std::optional<std::vector<std::string>> left;
    beside_a_stranger([&] { left = commit(id, changes, places.shadow(id)); });
    const auto after = committed(before);
    judge(left, before, after, sum);
  }
  tell("commit", sum);
}

// What waited in between is committed by its private copies alone, whose folder nobody holds.
TEST_F(CommitRace, ACommitOfAStagedTaskNeverWritesOutside) {
  Outcomes sum;
  for (int i = 0; i < rounds() / 2 && !HasFailure(); ++i) {
    set_scene();
    const auto before = picture(base.text());
    const TaskId id = TaskId::random();
    const Changes changes = sealed(id);
    ASSERT_TRUE(keep_contents(host_files(), places, id, changes));
    const auto stored = parse_changes(text_of(changes));
    ASSERT_TRUE(stored);
    std::optional<std::vector<std::string>> left;
    beside_a_stranger([&] { left = commit(id, *stored, places.shadow(id)); });
    const auto after = committed(before);
    judge(left, before, after, sum);
    ASSERT_TRUE(remove_contents(places.shadow(id)));
  }
  tell("staged commit", sum);
}

TEST_F(CommitRace, AnUndoNeverReadsOrWritesOutside) {
  Outcomes sum;
  for (int i = 0; i < rounds() / 2 && !HasFailure(); ++i) {
    set_scene();
    const auto after = picture(base.text());
    const TaskId done = TaskId::random(), id = TaskId::random();
    const Changes changes = sealed(done);
    const auto whole = commit(done, changes, places.shadow(done));
    ASSERT_TRUE(whole && whole->empty());
    const auto before = picture(base.text());
    std::optional<std::vector<std::string>> left;
    beside_a_stranger([&] {
      const auto back = reverse(host_files(), places, done, changes);
      if (!back) {
        EXPECT_EQ(back.error().code, Code::conflict) << back.error().text();
        return;
      }
      left = commit(id, *back, places.undo(done));
    });
    judge(left, before, after, sum);
  }
  tell("undo", sum);
}

}  // namespace
}  // namespace writ::workspace
