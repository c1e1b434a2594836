// Files of the host in a staged task: run --stage, diff, commit, discard, and what the other commands say of them.
#include <gmock/gmock.h>

#include <thread>

#include "tests/cli/files_place.h"

namespace writ::cli_test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;
class StageFiles : public FilesPlace {};

TEST_F(StageFiles, ALookAndThenACommit) {
  const Ended e = stage_everything();
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_THAT(e.last_line(), HasSubstr("staged: 11 files (+6 -3), 1 object; 0 denied; 0 sent. writ diff "));
  EXPECT_EQ(picture_of(dir()), old_) << "nothing is visible yet";
  expect_clean(1);
  expect_sound();
  EXPECT_THAT(p.run({"tasks", "--staged"}).out, HasSubstr("11 files"));
  EXPECT_THAT(p.run({"show", "mine"}).out, HasSubstr("removed   " + dir() + "/gone.txt"));
  const Json shown = p.document({"diff", "mine"});
  EXPECT_EQ(shown["folder"], dir());
  EXPECT_EQ(shown["files"].size(), 13u);
  EXPECT_EQ(p.run({"commit", "mine@" + std::string(64, 'f')}).status, 75);
  EXPECT_EQ(picture_of(dir()), old_);
  const Ended done = p.run({"commit", "mine@" + shown["digest"].get<std::string>()});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_THAT(done.last_line(), HasSubstr("committed: 11 files (+6 -3), 1 object; 0 denied"));
  EXPECT_THAT(done.last_line(), HasSubstr("writ undo"));
  EXPECT_EQ(read_all(dir() + "/a.txt"), "one\nthree\nfour");
  EXPECT_FALSE(fs::exists(dir() + "/gone.txt"));
  EXPECT_EQ(read_all(dir() + "/sub/moved"), "y\n");
  EXPECT_FALSE(fs::exists(dir() + "/sub/deep"));
  EXPECT_EQ(picture_of(dir())["run.sh"], "x #!/bin/sh\necho hi\n");
  EXPECT_EQ(picture_of(dir())["link"], "-> sub/x");
  EXPECT_EQ(p.run({"state", "get", "object"}).out, "o\n");
  EXPECT_EQ(p.document({"diff", "mine"})["digest"], shown["digest"]) << "what was committed is what was shown";
  EXPECT_EQ(p.run({"tasks", "--staged"}).out, "");
  EXPECT_EQ(p.run({"commit", "mine"}).status, 75);
  EXPECT_EQ(p.run({"verify", "mine"}).status, 0);
  expect_clean();
  expect_sound();
}

// The patch of everything, applied by git to a copy of the folder, makes what the commit makes; and taken back, what was.
TEST_F(StageFiles, GitTakesThePatch) {
  if (p.start({.program = "/usr/bin/git", .words = {"--version"}}).wait().status != 0) GTEST_SKIP() << "there is no git";
  ASSERT_EQ(stage_everything().status, 0);
  const auto git = [&](const std::string& folder, const std::string& patch, Words words) {
    fs::create_directories(folder);
    words.insert(words.begin(), {"apply", "--whitespace=nowarn"});
    words.push_back(p.file("the.patch", patch));
    const Words alone{"GIT_CEILING_DIRECTORIES=/"};  // no repository above is meant
    const Ended e = p.start({.program = "/usr/bin/git", .words = words, .folder = folder, .environment = alone}).wait();
    EXPECT_EQ(e.status, 0) << e.err;
  };
  const auto compare_applied = [&](const std::string& patch) {
    const std::string copy = p.path() + "/copy";
    fs::remove_all(copy);
    fs::copy(dir(), copy, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    git(copy, patch, {});
    return picture_of(copy);
  };
  const std::string patch = p.run({"diff", "mine", "--", dir()}).out;
  auto applied = compare_applied(patch);
  ASSERT_EQ(p.run({"commit", "mine"}).status, 0);
  auto committed = picture_of(dir());
  EXPECT_EQ(applied, committed);
  const std::string after = p.run({"diff", "mine", "--", dir()}).out;
  EXPECT_EQ(after.substr(after.find("diff --git")), patch.substr(patch.find("diff --git"))) << "the same once it is committed";
  const std::string copy = p.path() + "/back";
  fs::copy(dir(), copy, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  git(copy, after, {"-R"});
  EXPECT_EQ(picture_of(copy), old_);
}

TEST_F(StageFiles, GitTakesOddNames) {
  if (p.start({.program = "/usr/bin/git", .words = {"--version"}}).wait().status != 0) GTEST_SKIP() << "there is no git";
  fs::create_directory(dir() + "/bytes");
  write("bytes/\xff\xfe", "not UTF-8\n");  // a guest cannot name it, but it can move its folder
  old_ = picture_of(dir());
  const Ended e = several({"odd", "/sub", "mv", "/bytes", "/moved"}, {"--stage", "--id", "odd"});
  ASSERT_EQ(e.status, 0) << e.err;
  const Ended names = p.run({"diff", "odd", "--name-only"}), patch = p.run({"diff", "odd"}), stat = p.run({"diff", "odd", "--stat"});
  const Ended show = p.run({"show", "odd"});
  for (const auto& text : {names.out, stat.out, show.out, patch.err, e.err}) {
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, Not(HasSubstr("\u202e")));
    EXPECT_THAT(text, Not(HasSubstr("\xff")));
  }
  EXPECT_THAT(patch.out, Not(HasSubstr("\x1b")));
  EXPECT_EQ(lines(names.out).size(), 13u) << names.out;
  EXPECT_THAT(names.out, HasSubstr("\"" + dir() + "/sub/new\\nline\"\n"));
  EXPECT_THAT(names.out, HasSubstr("\"" + dir() + "/moved/\\377\\376\"\n"));
  const std::string copy = p.path() + "/copy";
  fs::copy(dir(), copy, fs::copy_options::recursive);
  const Ended git = p.start({.program = "/usr/bin/git",
                             .words = {"apply", p.file("p", patch.out)},
                             .folder = copy,
                             .environment = {"GIT_CEILING_DIRECTORIES=/"}})
                        .wait();
  EXPECT_EQ(git.status, 0) << git.err;
  ASSERT_EQ(p.run({"commit", "odd"}).status, 0);
  EXPECT_EQ(picture_of(copy), picture_of(dir()));
  EXPECT_EQ(p.document({"undo", "odd", "--dry-run"})["files"].size(), 13u);
  EXPECT_THAT(p.run({"undo", "odd", "--dry-run"}).out, HasSubstr("would remove \"" + dir() + "/moved/\\377\\376\"\n"));
  const Ended undone = p.run({"undo", "odd"});
  EXPECT_EQ(undone.status, 0) << undone.err;
  EXPECT_EQ(picture_of(dir()), old_);
  expect_sound();
}

TEST_F(StageFiles, AStaleBaseIs75AndTheStageIsStillThere) {
  ASSERT_EQ(stage_everything().status, 0);
  write("a.txt", "mine\n");
  const auto theirs = picture_of(dir());
  const Ended e = p.run({"commit", "mine"});
  EXPECT_EQ(e.status, 75);
  EXPECT_THAT(e.err, HasSubstr(dir() + "/a.txt"));
  EXPECT_EQ(picture_of(dir()), theirs);
  EXPECT_EQ(p.run({"state", "get", "object"}).status, 69);
  expect_clean(1);
  EXPECT_THAT(p.run({"diff", "mine"}).out, HasSubstr("# a.txt: changed, and not shown: it is no longer what the task saw or left\n"));
  write("a.txt", "one\ntwo\n");
  EXPECT_EQ(p.run({"commit", "mine"}).status, 75) << "the same bytes, but written anew";
  EXPECT_THAT(p.run({"tasks", "--staged"}).out, HasSubstr("staged"));
  EXPECT_EQ(p.run({"discard", "mine"}).status, 0);
  expect_clean();
  expect_sound();
}

TEST_F(StageFiles, OnlyAPart) {
  ASSERT_EQ(stage_everything().status, 0);
  EXPECT_EQ(p.run({"diff", "mine", "--name-only", "--", "w/made", "object"}).out, "object\n" + dir() + "/made/\n" + dir() + "/made/new\n");
  EXPECT_EQ(p.run({"commit", "mine", "--only", "w/nothing"}).status, 65);
  const std::string digest = p.document({"diff", "mine", "--", "w/made/new"})["digest"];
  EXPECT_EQ(p.run({"commit", "mine@" + digest}).status, 75) << "the digest is of a part";
  const Ended done = p.run({"commit", "mine@" + digest, "--only", "w/made/new"});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_THAT(done.last_line(), HasSubstr("committed: 1 file (+1 -0), 0 objects"));
  auto wanted = old_;
  wanted["made"] = "/";
  wanted["made/new"] = "  n\n";
  EXPECT_EQ(picture_of(dir()), wanted);
  EXPECT_THAT(p.run({"why", "mine"}).out, HasSubstr("committed in part: 2 of 14 changes"));
  EXPECT_EQ(p.run({"state", "get", "object"}).status, 69);
  expect_clean();
  expect_sound();
}

// What is given up was looked at all the same: what is committed may follow from it.
TEST_F(StageFiles, APartRestsOnAllThatWasSeen) {
  ASSERT_EQ(stage_everything().status, 0);
  write("a.txt", "mine\n");
  EXPECT_EQ(p.run({"commit", "mine", "--only", "w/made/"}).status, 75);
  EXPECT_FALSE(fs::exists(dir() + "/made"));
}

TEST_F(StageFiles, AWordThatMeansTwoThingsIsRefused) {
  ASSERT_EQ(several({"put", "/a.txt", "n\n", "put", "w/a.txt", "o\n"}, {"--stage", "--id", "mine"}).status, 0);
  const Ended e = p.run({"diff", "mine", "--", "w/a.txt"});
  EXPECT_EQ(e.status, 65);
  EXPECT_THAT(e.err, HasSubstr("it is an object and a file of the host"));
  EXPECT_EQ(p.run({"diff", "mine", "--name-only", "--", "./w/a.txt"}).out, dir() + "/a.txt\n");
  EXPECT_EQ(p.run({"diff", "mine", "--name-only", "--", "/state/w/a.txt"}).out, "w/a.txt\n");
}

TEST_F(StageFiles, FoldersByALinkAreFoundByEitherName) {
  fs::create_directory_symlink("w", p.work() + "/alias");
  ASSERT_EQ(p.probe({"put", "/a.txt", "n\n"}, {"--workspace", "alias:/", "--stage", "--id", "mine"}).status, 0);
  EXPECT_EQ(p.run({"diff", "mine", "--name-only", "--", "alias/a.txt"}).out, dir() + "/a.txt\n");
  EXPECT_EQ(p.run({"diff", "mine", "--name-only", "--", "w/a.txt"}).out, dir() + "/a.txt\n");
  EXPECT_EQ(p.run({"commit", "mine", "--only", "alias"}).status, 0);
  EXPECT_EQ(read_all(dir() + "/a.txt"), "n\n");
}

TEST_F(StageFiles, ItSurvivesOtherCommandsAndIsForgottenWhenItIsDiscarded) {
  ASSERT_EQ(stage_everything().status, 0);
  for (int i = 0; i < 3; ++i) p.write_object("other", std::to_string(i));  // each recovers first
  expect_clean(1);
  EXPECT_EQ(p.run({"discard", "mine"}).status, 0);
  EXPECT_EQ(picture_of(dir()), old_);
  EXPECT_THAT(p.run({"why", "mine"}).out, HasSubstr("discarded by the operator"));
  expect_clean();
  expect_sound();
}

// Two commands at once: one wins, the other hears that there is nothing to settle any more.
TEST_F(StageFiles, TwoCommitsOfOneStage) {
  for (int round = 0; round < 6; ++round) {
    const std::string name = "r" + std::to_string(round), text = "round " + std::to_string(round) + "\n";
    const Words what{"put", "/a.txt", text, "put", "/sub/n" + std::to_string(round), text, "put", "o", text};
    ASSERT_EQ(several(what, {"--stage", "--id", name}).status, 0);
    const std::string second = round % 3 == 2 ? "discard" : "commit";
    Running one = p.start({.words = {"commit", name}}), two = p.start({.words = {second, name}});
    const Ended a = one.wait(), b = two.wait();
    EXPECT_EQ((a.status == 0) + (b.status == 0), 1) << a.status << a.err << b.status << b.err;
    const Ended& lost = a.status == 0 ? b : a;
    EXPECT_EQ(lost.status, 75) << lost.err;
    EXPECT_THAT(lost.err, HasSubstr("the task is not staged"));
    const bool committed = a.status == 0 || second == "commit";
    EXPECT_EQ(read_all(dir() + "/a.txt") == text, committed);
    if (committed) {
      EXPECT_EQ(p.run({"undo", name}).status, 0) << "what the winner kept for undo is there";
    }
    expect_clean();
  }
  expect_sound();
}

TEST_F(StageFiles, FailedOnesAreKeptIfAskedAndNeverCommit) {
  auto words = everything();
  words.insert(words.end(), {"exit", "9"});
  const Ended e = several(words, {"--keep-failed", "--id", "bad"});
  EXPECT_EQ(e.status, 9);
  EXPECT_THAT(e.last_line(), HasSubstr("kept: exit 9: 11 files (+6 -3), 1 object; 0 denied; 0 sent. writ diff "));
  EXPECT_EQ(picture_of(dir()), old_);
  EXPECT_EQ(p.document({"show", "bad"})["state"], "kept");
  EXPECT_THAT(p.run({"tasks", "--staged"}).out, HasSubstr("kept"));
  EXPECT_THAT(p.run({"diff", "bad"}).out, HasSubstr("+three\n"));
  const std::string digest = p.document({"diff", "bad"})["digest"];
  for (const auto& name : {std::string("bad"), "bad@" + digest}) {
    const Ended refused = p.run({"commit", name});
    EXPECT_EQ(refused.status, 65);
    EXPECT_THAT(refused.err, HasSubstr("the task failed"));
  }
  EXPECT_EQ(p.run({"undo", "bad"}).status, 65);
  expect_sound();
  EXPECT_EQ(p.run({"discard", "bad"}).status, 0);
  const Json after = p.document({"show", "bad"});
  EXPECT_EQ(after["state"], "discarded");
  EXPECT_EQ(after["exit_code"], 9);
  EXPECT_EQ(p.run({"verify", "bad"}).status, 0);
  expect_clean();
  EXPECT_EQ(several({"put", "/a.txt", "x"}, {"--keep-failed", "--id", "good"}).status, 0);
  EXPECT_EQ(read_all(dir() + "/a.txt"), "x") << "what ends well commits";
  EXPECT_EQ(several({"exit", "4"}, {"--keep-failed", "--id", "nothing"}).status, 4);
  EXPECT_EQ(p.document({"show", "nothing"})["state"], "discarded") << "there is nothing to keep";
  const Words stopped{"--keep-failed", "--strict", "--deny", "file.write:w/sub/", "--id", "stopped"};
  EXPECT_EQ(several({"put", "/a.txt", "y", "put", "/sub/x", "z"}, stopped).status, 77);
  EXPECT_EQ(p.document({"show", "stopped"})["state"], "discarded") << "what was stopped for what it tried is not kept";
  expect_clean();
  expect_sound();
}

TEST_F(StageFiles, DocumentsSayHowMuch) {
  const Ended e = p.run({"--json", "run", "--workspace", "w:/", "--stage", WRIT_PROBE, "do", "put", "/a.txt", "one\n2\n3\n"});
  EXPECT_EQ(e.json()["workspace"], (Json{{"files", 1}, {"added", 2}, {"removed", 1}}));
  EXPECT_EQ(e.json()["state"], "staged");
  EXPECT_EQ(p.document({"commit", "@"})["workspace"], (Json{{"files", 1}, {"added", 2}, {"removed", 1}}));
  EXPECT_EQ(p.document({"tasks"})["tasks"][0]["files"], 1);
}

// The same changes, by an exchange of the whole folder; and back.
TEST_F(StageFiles, CommittedByAnExchange) {
  ASSERT_EQ(stage_everything().status, 0);
  struct stat before{}, after{}, undone{};
  ASSERT_EQ(::stat(dir().c_str(), &before), 0);
  const Ended done = p.run({"commit", "mine", "--commit-by", "swap"});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_THAT(done.last_line(), HasSubstr("committed: 11 files (+6 -3), 1 object; 0 denied"));
  ASSERT_EQ(::stat(dir().c_str(), &after), 0);
  EXPECT_NE(after.st_ino, before.st_ino) << "another folder";
  EXPECT_EQ(read_all(dir() + "/a.txt"), "one\nthree\nfour");
  EXPECT_EQ(read_all(dir() + "/sub/moved"), "y\n");
  EXPECT_EQ(picture_of(dir())["run.sh"], "x #!/bin/sh\necho hi\n");
  EXPECT_EQ(p.run({"verify", "mine"}).status, 0);
  expect_clean();
  expect_sound();
  const Ended undo = p.run({"undo", "mine", "--commit-by", "swap"});
  EXPECT_EQ(undo.status, 0) << undo.err;
  EXPECT_EQ(picture_of(dir()), old_);
  ASSERT_EQ(::stat(dir().c_str(), &undone), 0);
  EXPECT_NE(undone.st_ino, after.st_ino);
  expect_clean();
  expect_sound();
  // At once; and where it cannot be.
  EXPECT_EQ(several({"put", "/a.txt", "x"}, {"--commit-by", "swap"}).status, 0);
  EXPECT_EQ(read_all(dir() + "/a.txt"), "x");
  const std::string own = dir() + "/own";
  ASSERT_EQ(p.run({"--store", own, "init"}).status, 0);
  const Ended inside = p.run({"--store", own, "run", "--workspace", dir() + ":/", "--commit-by", "swap", WRIT_PROBE, "put", "/made", "x"});
  EXPECT_EQ(p.run({"--store", own, "tasks"}).out, "") << "it was said before anything ran";
  EXPECT_EQ(inside.status, 69) << inside.err;
  EXPECT_THAT(inside.err, HasSubstr("the store lies in it"));
  EXPECT_FALSE(fs::exists(dir() + "/made"));
  const Ended both = p.run({"run", "--stage", "--commit-by", "swap", WRIT_PROBE, "hello"});
  EXPECT_EQ(both.status, 64);
  EXPECT_THAT(both.err, HasSubstr("writ commit TASK --commit-by swap"));
  EXPECT_EQ(p.run({"commit", "mine", "--commit-by", "exchange"}).status, 64);
}

TEST_F(StageFiles, BadWordsAreRefused) {
  ASSERT_EQ(stage_everything().status, 0);
  EXPECT_EQ(p.run({"diff", "mine", "--", ""}).status, 64);
  EXPECT_EQ(p.run({"undo", "mine", "--", ""}).status, 64);
  EXPECT_EQ(p.run({"diff", "mine", "--", "w/none"}).status, 65);
  EXPECT_EQ(p.run({"run", "--keep-failed", "--receipt", "r.json", WRIT_PROBE, "hello"}).status, 64);
  EXPECT_EQ(p.run({"run", "--keep-failed=yes", WRIT_PROBE, "hello"}).status, 64);
}

}  // namespace
}  // namespace writ::cli_test
