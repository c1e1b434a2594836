// Mounted shadows: what a real process did to a real overlay, or to a copy, is sealed as it was; what it may not leave behind is
// refused, one attack at a time; the base is looked after meanwhile.
#include "writ/workspace/mounted.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "writ/workspace/commit.h"
#include "writ/workspace/contents.h"
#include "writ/workspace/testing_folder.h"
#include "writ/workspace/testing_mounted.h"

namespace writ::workspace {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::Folder;
using testing::picture;

enum class Way { trusted, user, copy };
std::string way_name(const ::testing::TestParamInfo<Way>& p) {
  return p.param == Way::trusted ? "trusted" : p.param == Way::user ? "user" : "copy";
}

void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }
void must(int answer, const std::string& what) {
  if (answer != 0) throw std::runtime_error(what + ": " + std::to_string(errno) + "\n");
}

class Mounted : public ::testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    if (GetParam() == Way::trusted && ::geteuid() != 0) GTEST_SKIP() << "needs root";
    base.write("keep", "k\n");
    base.write("d/one", "1\n");
    base.write("d/two", "2\n");
    base.write("d/e/three", "3\n");
    base.write(".writ/secret", "s\n");
    base.write("d/.writ/secret", "s\n");
    base.write("d/secret.env", "s\n");
    fs::create_symlink("keep", base / "link");
    // What was there at the start is older than the start.
    ::usleep(12'000);
  }
  void open() {
    const auto hidden = [](std::string_view path) { return path.ends_with(".env"); };
    MountedShadow::Setup setup{base.text(), places.shadow(id), hidden, {}, {}};
    auto made = GetParam() == Way::copy ? open_copy(setup) : open_overlay(setup, form());
    ASSERT_TRUE(made) << made.error().text();
    shadow = std::move(*made);
  }
  Overlay form() const { return GetParam() == Way::trusted ? Overlay::trusted : Overlay::user; }
  void guest(const std::function<void()>& work) {
    if (!shadow) open();
    ASSERT_EQ(testing::as_guest(*shadow, form(), work), 0);
  }
  Error refused(const std::function<void()>& work) {
    guest(work);
    const auto sealed = shadow->seal();
    EXPECT_FALSE(sealed);
    return sealed ? Error{} : sealed.error();
  }
  // Seals, commits, and gives what the folder is afterwards.
  std::map<std::string, std::string> committed() {
    auto sealed = shadow->seal();
    if (!sealed) throw std::runtime_error(sealed.error().text());
    changes.trees.clear();
    if (!sealed->changes.empty()) changes.trees.push_back(std::move(*sealed));
    const auto again = parse_changes(text_of(changes));
    if (!again) throw std::runtime_error(again.error().text());
    EXPECT_EQ(*again, changes);
    store::OpenOptions options;
    options.access = store::Access::create;
    options.durability = store::Durability::none;
    const auto store = store::Store::open(own.text(), options);
    auto commit = Commit::prepare(host_files(), places, id, changes, places.shadow(id));
    if (!commit) throw std::runtime_error(commit.error().text());
    if (!(*store)->write([&](store::Transaction& t) { return (*commit)->enter(t); })) throw std::runtime_error("enter");
    const auto left = (*commit)->apply();
    if (!left) throw std::runtime_error(left.error().text());
    EXPECT_TRUE(left->empty());
    EXPECT_TRUE((*commit)->finish(**store));
    return picture(base.text());
  }

  Folder base, own;
  Places places{own.text()};
  TaskId id = TaskId::random();
  std::unique_ptr<MountedShadow> shadow;
  Changes changes;
};

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
  const auto now = committed();
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
  EXPECT_EQ(now, wanted);
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
    id = TaskId::random();
    shadow.reset();
    const auto before = picture(base.text());
    const auto e = refused(attack);
    EXPECT_EQ(e.code, Code::denied) << where;
    EXPECT_EQ(e.where, where) << e.text();
    EXPECT_TRUE(picture(base.text()) == before) << where;
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, Mounted, ::testing::Values(Way::trusted, Way::user, Way::copy), way_name);

}  // namespace
}  // namespace writ::workspace
