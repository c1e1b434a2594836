// Which store a command works on, tried with the real command: a folder that somebody else prepared never chooses it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

using testing::HasSubstr;

std::string store_of(const Place& p, const std::string& folder, Words environment = {}) {
  const Ended e =
      p.start({.words = {"--json", "run", "-q", WRIT_PROBE}, .folder = folder, .environment = std::move(environment)})
          .wait();
  EXPECT_EQ(e.status, 0) << e.err;
  for (const std::string& candidate : {p.work() + "/.writ", p.work() + "/named", p.store()}) {
    if (!std::filesystem::exists(candidate + "/writ.db")) continue;
    const Ended tasks = p.run({"--json", "--store", candidate, "tasks"});
    if (tasks.json()["tasks"].size() == 1) return candidate;
  }
  return "none";
}

TEST(Discovery, FromBelowAFoundStoreIsUsed) {
  const Place p;
  p.run({"init"});
  std::filesystem::create_directories(p.work() + "/a/b");
  EXPECT_EQ(store_of(p, p.work() + "/a/b"), p.work() + "/.writ");
}

TEST(Discovery, TheVariableWinsOverWhatIsFound) {
  const Place p;
  p.run({"init"});
  p.run({"--store", "named", "init"});
  EXPECT_EQ(store_of(p, p.work(), {"WRIT_STORE=" + p.work() + "/named"}), p.work() + "/named");
}

TEST(Discovery, ElseTheUsersOwnMadeOnFirstUse) {
  const Place p;
  EXPECT_EQ(store_of(p, p.work()), p.store());
  struct stat found {};
  ASSERT_EQ(::stat(p.store().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0700u);
  ASSERT_EQ(::stat((p.home() + "/.config/writ/keys").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0700u);
  for (const auto& key : std::filesystem::directory_iterator(p.home() + "/.config/writ/keys")) {
    ASSERT_EQ(::stat(key.path().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 077, 0u) << key.path();
  }
  for (const auto& inside : std::filesystem::recursive_directory_iterator(p.store()))
    EXPECT_EQ(inside.path().string().find("key"), std::string::npos) << "keys are never in the store";
}

// What every command that opens a store must say to a store that it finds and does not trust.
void expect_refused(const Place& p, const char* because) {
  for (const Words& words : {Words{"tasks"}, Words{"run", WRIT_PROBE}, Words{"state", "ls"}, Words{"fsck"},
                             Words{"audit"}, Words{"log", "key"}, Words{"init"}}) {
    const Ended e = p.run(words);
    EXPECT_EQ(e.status, 77) << testing::PrintToString(words) << e.err;
    EXPECT_THAT(e.err, testing::AllOf(HasSubstr(because), HasSubstr("writ trust")));
  }
}

TEST(Discovery, PlantedStoresAreRefused) {
  {
    const Place p;
    p.run({"init"});
    ::chmod((p.work() + "/.writ").c_str(), 0777);
    expect_refused(p, "others can write it");
    EXPECT_EQ(p.run({"--store", ".writ", "tasks"}).status, 0) << "named is chosen";
    EXPECT_EQ(p.run({"trust", "."}).status, 0);
    EXPECT_EQ(p.run({"tasks"}).status, 0);
  }
  {
    const Place p;
    p.run({"--store", "real", "init"});
    std::filesystem::create_directory_symlink("real", p.work() + "/.writ");
    expect_refused(p, "symbolic link");
  }
  {
    const Place p;
    p.run({"init"});
    const Ended git = p.start({.program = "/bin/sh", .words = {"-c", "git init -q . && git add -f .writ"}}).wait();
    ASSERT_EQ(git.status, 0) << git.err;
    expect_refused(p, "git tracks it");
    ASSERT_EQ(p.start({.program = "/bin/sh", .words = {"-c", "git update-index --index-version 4"}}).wait().status, 0);
    expect_refused(p, "git tracks it");
  }
  if (::geteuid() == 0) {
    const Place p;
    p.run({"init"});
    ASSERT_EQ(::chown((p.work() + "/.writ").c_str(), 12345, 12345), 0);
    expect_refused(p, "belongs to user 12345");
  } else {
    std::puts("not covered without root: a store of another user");
  }
}

TEST(Discovery, ThePathInTheHintIsSafeToPaste) {
  const Place p;
  const std::string folder = p.work() + "/it's $(touch pwned)";
  std::filesystem::create_directories(folder + "/.writ");
  ::chmod((folder + "/.writ").c_str(), 0777);
  const Ended e = p.start({.words = {"tasks"}, .folder = folder}).wait();
  ASSERT_EQ(e.status, 77);
  std::string hint = e.last_line().substr(e.last_line().find("writ trust"));
  hint.replace(0, 4, "\"$0\"");
  EXPECT_EQ(p.start({.program = "/bin/sh", .words = {"-c", hint, WRIT_PROGRAM}}).wait().status, 0) << hint;
  EXPECT_FALSE(std::filesystem::exists(p.work() + "/pwned"));
}

}  // namespace
}  // namespace writ::cli_test
