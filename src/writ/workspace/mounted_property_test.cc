// A mounted shadow is the folder: whatever sequence of file operations a process does, the folder after the commit is to the byte
// what the same process makes of a plain copy, and after `undo` what it was. WRIT_SEED repeats a run.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <random>

#include "writ/workspace/commit.h"
#include "writ/workspace/contents.h"
#include "writ/workspace/mounted.h"
#include "writ/workspace/testing_folder.h"
#include "writ/workspace/testing_mounted.h"
#include "writ/workspace/undo.h"

namespace writ::workspace {
namespace {

namespace fs = std::filesystem;
using testing::Folder;

bool soak() { return std::getenv("WRIT_SOAK") != nullptr; }

// As testing::picture, with permission bits, and holes where the file has any.
std::map<std::string, std::string> full_picture(const std::string& root) {
  auto out = testing::picture(root);
  for (auto& [path, what] : out) {
    struct stat s{};
    if (::lstat((root + "/" + path).c_str(), &s) != 0) throw std::runtime_error(path);
    if (!S_ISLNK(s.st_mode)) what = std::to_string(s.st_mode & 07777) + " " + what;
  }
  return out;
}

// What a process may do, by chance. Renames of folders are done as mv(1) does them: an overlay may answer EXDEV. The base has no
// hard links, since writing breaks those in an overlay.
enum class HardLinks : std::uint8_t { no, yes };
class Guest {
 public:
  Guest(std::uint32_t seed, HardLinks links) : random_(seed), links_(links) {}

  void run(int operations) {
    for (int i = 0; i < operations; ++i) one();
  }

 private:
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }
  std::string name() {
    static const std::vector<std::string> names{"a", "b", "A", "B", "c", "new\nline", "\xff\xfe", ".hid", "a-b", "long name", "-rf", "z"};
    return names[below(static_cast<std::uint32_t>(names.size()))];
  }
  std::string path() {
    std::string p = name();
    for (auto depth = below(4); depth > 0; --depth) p += "/" + name();
    return p;
  }
  void write(const std::string& p, int flags) {
    const int fd = ::open(p.c_str(), O_WRONLY | O_NOFOLLOW | flags, 0644);
    const auto size = below(4) == 0 ? below(100'000) : below(50);
    const auto at = below(6) == 0 ? below(2'000'000) : 0;  // a hole before it
    const std::string text(size, static_cast<char>('a' + below(26)));
    if (fd < 0) return;
    (void)!::pwrite(fd, text.data(), text.size(), static_cast<off_t>(at));
    ::close(fd);
  }
  static void move(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) == 0 || errno != EXDEV) return;
    struct stat s{};
    const bool there = ::lstat(to.c_str(), &s) == 0;
    if ((to + "/").starts_with(from + "/") || (there && (!S_ISDIR(s.st_mode) || !fs::is_empty(to)))) return;
    if (there) fs::remove(to);
    copy(from, to);
    fs::remove_all(from);
  }
  static void copy(const std::string& from, const std::string& to) {
    struct stat s{};
    if (::lstat(from.c_str(), &s) != 0) throw std::runtime_error("lstat " + from);
    if (S_ISLNK(s.st_mode)) return fs::copy_symlink(from, to);
    if (S_ISDIR(s.st_mode)) {
      fs::create_directory(to);
      for (const auto& e : fs::directory_iterator(from)) copy(e.path().string(), to + "/" + e.path().filename().string());
    } else {
      fs::copy_file(from, to);
    }
    if (::chmod(to.c_str(), s.st_mode & 07777) != 0) throw std::runtime_error("chmod " + to);
  }

  void one() {
    const auto p = path(), q = path();
    const auto chance = below(100);
    const auto mode = std::vector<mode_t>{0644, 0600, 0755, 0444, 0777, 0}[below(6)];
    const auto folder_mode = std::vector<mode_t>{0755, 0700, 0777, 0555, 0750}[below(5)];
    const auto depth = static_cast<int>(std::count(p.begin(), p.end(), '/'));
    struct stat s{};
    std::error_code ignored;
    if (chance < 25) write(p, O_CREAT | O_TRUNC);
    else if (chance < 35) write(p, O_CREAT);
    else if (chance < 40) write(p, O_APPEND);
    else if (chance < 43) (void)!::truncate(p.c_str(), below(5000));
    else if (chance < 55) ::mkdir(p.c_str(), folder_mode);
    else if (chance < 60) ::unlink(p.c_str());
    else if (chance < 63) ::rmdir(p.c_str());
    else if (chance < 67) fs::remove_all(p, ignored);
    else if (chance < 80) move(p, q);
    else if (chance < 85) (void)!::symlink(below(2) == 0 ? name().c_str() : "nowhere/x", p.c_str());
    else if (chance < 88 && depth > 0) (void)!::symlink(("../" + name()).c_str(), p.c_str());
    else if (chance < 92 && links_ == HardLinks::yes) (void)!::linkat(AT_FDCWD, p.c_str(), AT_FDCWD, q.c_str(), 0);
    else if (chance < 95 && ::lstat(p.c_str(), &s) == 0 && !S_ISLNK(s.st_mode))
      ::chmod(p.c_str(), S_ISDIR(s.st_mode) ? folder_mode : mode);
    else if (::lstat(p.c_str(), &s) == 0 && !S_ISLNK(s.st_mode)) {  // a file becomes a folder, or the other way
      fs::remove_all(p, ignored);
      if (S_ISDIR(s.st_mode)) write(p, O_CREAT);
      else ::mkdir(p.c_str(), 0755), write(p + "/" + name(), O_CREAT);
    }
  }

  std::mt19937 random_;
  HardLinks links_;
};

struct Commits {
  Folder own;
  Places places{own.text()};
  std::unique_ptr<store::Store> store;
  Commits() {
    store::OpenOptions options;
    options.access = store::Access::create;
    options.durability = store::Durability::none;
    auto s = store::Store::open(own.text(), options);
    if (!s) throw std::runtime_error(s.error().text());
    store = std::move(*s);
  }
  Result<void> commit(const TaskId& id, const Changes& changes, const std::string& contents) {
    WRIT_TRY(auto commit, Commit::prepare(host_files(), places, id, changes, contents));
    WRIT_CHECK(store->write([&](store::Transaction& t) { return commit->enter(t); }));
    WRIT_TRY(const auto left, commit->apply());
    if (!left.empty()) return Error{Code::conflict, "left alone", left[0], {}};
    return commit->finish(*store);
  }
};

void round(std::uint32_t seed, int way, int operations) {
  SCOPED_TRACE("WRIT_SEED=" + std::to_string(seed) + " way " + std::to_string(way));
  Commits commits;
  Folder base, plain;
  const auto in_folder = [operations](const std::string& folder, std::uint32_t s, HardLinks links) {
    const pid_t child = ::fork();
    if (child == 0) {
      if (::chdir(folder.c_str()) != 0) ::_exit(1);
      Guest(s, links).run(operations);
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_EQ(status, 0);
  };
  in_folder(base.text(), seed + 1'000'000, HardLinks::no);
  in_folder(plain.text(), seed + 1'000'000, HardLinks::no);
  const auto before = full_picture(base.text());
  ::usleep(5'000);

  const TaskId id = TaskId::random();
  const MountedShadow::Setup setup{base.text(), commits.places.shadow(id), {}, {}, {}};
  const auto form = way == 0 ? Overlay::trusted : Overlay::user;
  auto shadow = way == 2 ? open_copy(setup) : open_overlay(setup, form);
  ASSERT_TRUE(shadow) << shadow.error().text();
  ASSERT_EQ(testing::as_guest(**shadow, form, [&] { Guest(seed, HardLinks::yes).run(operations); }), 0);
  in_folder(plain.text(), seed, HardLinks::yes);
  EXPECT_TRUE(full_picture(base.text()) == before) << "the base changed before the commit";
  const auto wanted = full_picture(plain.text());

  auto tree = (*shadow)->seal();
  ASSERT_TRUE(tree) << tree.error().text();
  if (tree->changes.empty()) {
    EXPECT_TRUE(wanted == before);
    return;
  }
  Changes changes;
  changes.trees.push_back(std::move(*tree));
  const auto parsed = parse_changes(text_of(changes));
  ASSERT_TRUE(parsed) << parsed.error().text();
  const auto done = commits.commit(id, changes, commits.places.shadow(id));
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(full_picture(base.text()), wanted);

  const auto back = reverse(host_files(), commits.places, id, changes);
  ASSERT_TRUE(back) << back.error().text();
  const auto undone = commits.commit(TaskId::random(), *back, commits.places.undo(id));
  ASSERT_TRUE(undone) << undone.error().text();
  EXPECT_EQ(full_picture(base.text()), before) << "after undo";
}

class MountedProperty : public ::testing::TestWithParam<int> {};

TEST_P(MountedProperty, IsWhatAPlainFolderWouldBe) {
  if (GetParam() == 0 && ::geteuid() != 0) GTEST_SKIP() << "needs root";
  if (const char* given = std::getenv("WRIT_SEED")) return round(static_cast<std::uint32_t>(std::atoi(given)), GetParam(), 60);
  const auto first = std::random_device{}();
  for (std::uint32_t i = 0; i < (soak() ? 400u : 5u) && !HasFailure(); ++i) round((first + i) % 1'000'000'000, GetParam(), 60);
}

INSTANTIATE_TEST_SUITE_P(Ways, MountedProperty, ::testing::Values(0, 1, 2), [](const auto& p) {
  return std::string(p.param == 0 ? "trusted" : p.param == 1 ? "user" : "copy");
});

}  // namespace
}  // namespace writ::workspace
