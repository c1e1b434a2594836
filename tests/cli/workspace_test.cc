// `--workspace` and `--grant file.write`: what a person gives, sees and gets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

class Workspace : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(dir() + "/sub");
    std::ofstream(dir() + "/a.txt") << "one\ntwo\n";
  }
  std::string dir() const { return p.work() + "/w"; }
  Place p;
};

TEST_F(Workspace, CommitsFilesAndSaysHowMuch) {
  const Ended e = p.probe({"put", dir() + "/a.txt", "one\nthree\nfour\n"}, {"--workspace", "w", "--id", "first"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_THAT(e.last_line(), HasSubstr("committed: 1 file (+2 -1), 0 objects; 0 denied"));
  EXPECT_EQ(read_all(dir() + "/a.txt"), "one\nthree\nfour\n");
  const Json run = p.document({"show", "first"});
  ASSERT_EQ(run["files"].size(), 1u);
  EXPECT_EQ(run["files"][0]["path"], dir() + "/a.txt");
  EXPECT_EQ(run["files"][0]["happened"], "changed");
  EXPECT_THAT(p.run({"show", "first"}).out, HasSubstr("changed   " + dir() + "/a.txt sha256:"));
  EXPECT_EQ(p.run({"verify", "first", "--any-key"}).status, 0);
  EXPECT_EQ(p.run({"audit"}).status, 0);
  EXPECT_EQ(p.run({"fsck"}).status, 0);
}

TEST_F(Workspace, AMountIsWhereTheGuestSeesIt) {
  EXPECT_EQ(p.probe({"put", "/new.txt", "x"}, {"--workspace", "w:/"}).status, 0);
  EXPECT_EQ(read_all(dir() + "/new.txt"), "x");
  EXPECT_EQ(p.probe({"put", "/at/here/sub/n", "y"}, {"--workspace", dir() + ":/at/here"}).status, 0);
  EXPECT_EQ(read_all(dir() + "/sub/n"), "y");
}

TEST_F(Workspace, ReadOnlyIsReadOnly) {
  const Ended get = p.probe({"get", "/a.txt"}, {"--workspace", "w:/:ro"});
  EXPECT_EQ(get.out, "one\ntwo\n") << get.err;
  const Ended put = p.probe({"put", "/a.txt", "x"}, {"--workspace", "w:/:ro", "--id", "ro"});
  EXPECT_NE(put.status, 0);
  EXPECT_EQ(read_all(dir() + "/a.txt"), "one\ntwo\n");
  EXPECT_THAT(p.run({"why", "ro"}).out, HasSubstr("file.write:" + dir() + "/a.txt"));
}

TEST_F(Workspace, WhatFailsChangesNothing) {
  const Ended e = p.probe({"lose", dir() + "/a.txt", "x"}, {"--workspace", "w"});
  EXPECT_EQ(e.status, 9);
  EXPECT_THAT(e.last_line(), HasSubstr("nothing changed"));
  EXPECT_EQ(read_all(dir() + "/a.txt"), "one\ntwo\n");
  EXPECT_EQ(std::distance(fs::directory_iterator(dir()), fs::directory_iterator()), 2) << "something was left there";
}

TEST_F(Workspace, GrantsDoTheSameForAFolder) {
  const Ended e = p.probe({"put", dir() + "/sub/x", "x"}, {"--grant", "file.write:w/sub/"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_EQ(read_all(dir() + "/sub/x"), "x");
  EXPECT_NE(p.probe({"put", dir() + "/a.txt", "x"}, {"--grant", "file.write:w/sub/"}).status, 0);
  EXPECT_EQ(read_all(dir() + "/a.txt"), "one\ntwo\n");
}

TEST_F(Workspace, TheStoreIsNotThere) {
  ASSERT_EQ(p.run({"--store", dir() + "/.writ", "init"}).status, 0);
  const Ended e = p.run({"--store", dir() + "/.writ", "run", "--workspace", "w:/", WRIT_PROBE, "get", "/.writ/writ.db"});
  EXPECT_NE(e.status, 0);
  EXPECT_THAT(e.err, Not(HasSubstr("SQLite")));
  const Ended named = p.run({"--store", dir() + "/mystore", "run", "--workspace", "w:/", WRIT_PROBE, "get", "/mystore/writ.db"});
  EXPECT_NE(named.status, 0);
}

TEST_F(Workspace, ProtectedNamesNeedTheirName) {
  fs::create_directories(dir() + "/.git/hooks");
  const Ended e = p.probe({"put", dir() + "/.git/hooks/pre-commit", "x"}, {"--workspace", "w", "--id", "hook"});
  EXPECT_NE(e.status, 0);
  EXPECT_FALSE(fs::exists(dir() + "/.git/hooks/pre-commit"));
  EXPECT_THAT(p.run({"why", "hook"}).out, HasSubstr("file.write:" + dir() + "/.git/hooks/pre-commit"));
  EXPECT_EQ(p.probe({"put", dir() + "/.git/hooks/pre-commit", "x"}, {"--workspace", "w", "--grant", "file.write:w/.git/hooks/"}).status, 0);
}

TEST_F(Workspace, WhatIsHiddenIsNotThere) {
  for (const char* path : {"/.env", "/sub/.env", "/secrets/key", "/config/a.key", "/config/b.txt"}) {
    fs::create_directories(fs::path(dir() + path).parent_path());
    std::ofstream(dir() + path) << "secret\n";
  }
  const Words hide{"--workspace", "w:/", "--hide", ".env", "--hide", "secrets/", "--hide", "config/*.key"};
  const auto with = [&](const std::string& id) {
    Words options = hide;
    options.insert(options.end(), {"--id", id});
    return options;
  };
  EXPECT_EQ(p.probe({"ls", "/"}, hide).out, "a.txt\nconfig\nstate\nsub\n");
  EXPECT_EQ(p.probe({"ls", "/config"}, hide).out, "b.txt\n");
  EXPECT_EQ(p.probe({"ls", "/sub"}, hide).out, "");
  for (const char* path : {"/.env", "/sub/.env", "/secrets/key", "/config/a.key"}) {
    EXPECT_EQ(p.probe({"get", path}, hide).status, 3) << path;
    EXPECT_EQ(p.probe({"put", path, "x"}, hide).status, 3) << path;
    EXPECT_EQ(p.probe({"rm", path}, hide).status, 3) << path;
    EXPECT_EQ(read_all(dir() + path), "secret\n");
  }
  EXPECT_EQ(p.probe({"get", "/config/b.txt"}, hide).out, "secret\n");
  // Nor by moving the folder that holds it, or another into its place.
  EXPECT_EQ(p.probe({"do", "mv", "/config", "/moved"}, with("move")).status, 3);
  EXPECT_EQ(p.probe({"do", "rmdir", "/sub"}, with("remove")).status, 3);
  EXPECT_NE(p.probe({"do", "mkdir", "/new", "put", "/new/key", "x", "mv", "/new", "/secrets"}, with("into")).status, 0);
  EXPECT_NE(p.probe({"do", "mkdir", "/n", "put", "/n/x.key", "x", "rm", "/config/b.txt", "mv", "/n", "/config2"}, with("beside")).status, 3);
  EXPECT_EQ(read_all(dir() + "/secrets/key"), "secret\n");
  EXPECT_THAT(p.run({"show", "move"}).out, HasSubstr("file.read:" + dir() + "/**/.env"));
}

TEST_F(Workspace, WrongGlobsAreRefused) {
  for (const char* glob : {"", "/", "**/", "../x", "a//b", "./x", "a?b", "[a]"}) {
    const Ended e = p.probe({"hello"}, {"--workspace", "w:/", "--hide", glob});
    EXPECT_EQ(e.status, 64) << glob << e.err;
    EXPECT_EQ(lines(e.err).size(), 1u) << e.err;
  }
  EXPECT_EQ(p.probe({"hello"}, {"--hide", "x"}).status, 64) << "there is no workspace";
}

TEST_F(Workspace, WrongWordsAreRefused) {
  for (const char* words : {"none", "w:/state", "w:/state/x", ":ro", "", "w/a.txt"}) {
    const Ended e = p.probe({"hello"}, {"--workspace", words});
    EXPECT_EQ(e.status, 64) << words;
    EXPECT_EQ(lines(e.err).size(), 1u) << e.err;
  }
  EXPECT_EQ(p.probe({"hello"}, {"--workspace", "w:/", "--workspace", "w/sub:/"}).status, 64);
}

}  // namespace
}  // namespace writ::cli_test
