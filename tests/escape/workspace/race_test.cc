// Somebody exchanges a folder for a link to a place outside, over and over, while a shadow is read and written and while
// commits replace files: nothing outside is ever read or changed, and every commit is all or a conflict.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>

#include "writ/workspace/commit.h"
#include "writ/workspace/shadow.h"
#include "writ/workspace/testing_folder.h"

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

TEST_F(Race, ACommitNeverWritesOutside) {
  store::OpenOptions options;
  options.access = store::Access::create;
  options.durability = store::Durability::none;
  auto store = store::Store::open(own.text(), options);
  ASSERT_TRUE(store);
  std::uint64_t committed = 0, conflicts = 0, left = 0;
  const auto exchanging = exchanger();
  for (int i = 0; i < rounds(); ++i) {
    const TaskId id = TaskId::random();
    const auto s = shadow(id);
    const auto text = "inside " + std::to_string(i);
    auto f = s->open_file("d/file", Follow::no, Use::write, Create::if_absent, Empty::yes);
    if (!f || !(*f)->write_at(0, std::as_bytes(std::span(text)))) continue;
    auto g = s->open_file("d/sub/new", Follow::no, Use::write, Create::if_absent, Empty::yes);
    if (!g) continue;
    auto tree = s->seal();
    if (!tree) continue;
    Changes changes;
    changes.trees.push_back(std::move(*tree));
    auto commit = Commit::prepare(host_files(), places, id, changes, places.shadow(id));
    if (!commit) {
      ++conflicts;
      continue;
    }
    if (const auto entered = (*store)->write([&](store::Transaction& t) { return (*commit)->enter(t); }); !entered) {
      ++conflicts;
      (*commit)->abandon();
      continue;
    }
    // The exchanger may win after the last look: then the path is left alone, and named.
    const auto applied = (*commit)->apply();
    if (applied && applied->empty()) ++committed;
    else ++left;
    (void)!(*commit)->finish(**store).has_value();
    (void)!recover(host_files(), **store, places, keep_nothing).has_value();
  }
  std::printf("%llu exchanges; %llu committed, %llu conflicts, %llu left alone\n", static_cast<unsigned long long>(exchanges.load()),
              static_cast<unsigned long long>(committed), static_cast<unsigned long long>(conflicts),
              static_cast<unsigned long long>(left));
  EXPECT_GT(exchanges, 0u);
}

}  // namespace
}  // namespace writ::workspace
