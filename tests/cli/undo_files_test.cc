// `writ undo` of files: each path back to what it was, unless somebody changed it since.
#include <gmock/gmock.h>

#include "tests/cli/files_place.h"

namespace writ::cli_test {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;
class UndoFiles : public FilesPlace {};

TEST_F(UndoFiles, PutsEverythingBack) {
  ASSERT_EQ(several(everything(), {"--id", "t"}).status, 0);
  const auto done = picture_of(dir());
  const Ended dry = p.run({"undo", "t", "--dry-run"});
  EXPECT_EQ(dry.status, 0) << dry.err;
  EXPECT_THAT(dry.out, HasSubstr("would remove object\n"));
  EXPECT_THAT(dry.out, HasSubstr("would put back " + dir() + "/gone.txt\n"));
  EXPECT_THAT(dry.out, HasSubstr("would remove " + dir() + "/made/\n"));
  EXPECT_EQ(picture_of(dir()), done);
  const Ended e = p.run({"undo", "t"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_THAT(e.last_line(), HasSubstr("committed: 11 files (+3 -6), 1 object"));
  EXPECT_EQ(picture_of(dir()), old_);
  EXPECT_EQ(p.run({"state", "get", "object"}).status, 69);
  const Json receipt = Json::parse(p.document({"show", "@"})["receipt"].get<std::string>());
  EXPECT_EQ(receipt["input"]["parents"].size(), 1u);
  EXPECT_EQ(p.run({"undo", "t"}).status, 75) << "twice";
  EXPECT_EQ(p.run({"undo", "@"}).status, 0) << "an undo can be undone";
  EXPECT_EQ(picture_of(dir()), done);
  expect_clean();
  expect_sound();
}

TEST_F(UndoFiles, WhatSomebodyChangedSinceIsNamedAndNothingIsUndone) {
  ASSERT_EQ(several(everything(), {"--id", "t"}).status, 0);
  write("a.txt", "mine\n");
  ::chmod((dir() + "/run.sh").c_str(), 0700);
  write("made/stranger", "s");
  const auto theirs = picture_of(dir());
  Ended e = p.run({"undo", "t"});
  EXPECT_EQ(e.status, 75);
  EXPECT_THAT(e.err, HasSubstr("changed since the task: " + dir() + "/a.txt, " + dir() + "/run.sh"));
  EXPECT_EQ(picture_of(dir()), theirs);
  EXPECT_EQ(p.run({"state", "get", "object"}).out, "o\n") << "nor its objects";
  e = p.run({"undo", "t", "--", "w/made"});
  EXPECT_EQ(e.status, 75) << "the folder holds what somebody else made";
  EXPECT_EQ(p.run({"undo", "t", "--", "w/made/new", "w/gone.txt", "object"}).status, 0) << "by name";
  EXPECT_TRUE(fs::exists(dir() + "/made/stranger"));
  EXPECT_FALSE(fs::exists(dir() + "/made/new"));
  EXPECT_EQ(read_all(dir() + "/gone.txt"), "going\n");
  EXPECT_EQ(p.run({"undo", "t", "--", "w/sub"}).status, 0);
  EXPECT_EQ(read_all(dir() + "/sub/deep/y"), "y\n") << "with the folder that it needs";
  EXPECT_EQ(read_all(dir() + "/a.txt"), "mine\n");
  EXPECT_EQ(p.run({"undo", "t", "--", "w/a.txt"}).status, 75);
  EXPECT_EQ(p.run({"undo", "t", "--", "w/nothing"}).status, 65);
  expect_clean();
  expect_sound();
}

TEST_F(UndoFiles, OfAStagedTaskThatWasCommittedInPart) {
  ASSERT_EQ(stage_everything().status, 0);
  ASSERT_EQ(p.run({"commit", "mine", "--only", "w/a.txt", "--only", "w/made"}).status, 0);
  EXPECT_EQ(p.run({"undo", "mine"}).status, 0);
  EXPECT_EQ(picture_of(dir()), old_);
  expect_sound();
}

// What a commit replaced is kept for seven days; afterwards diff and undo say so, and the objects are still there.
TEST_F(UndoFiles, AfterSevenDaysItSaysSo) {
  ASSERT_EQ(several(everything(), {"--id", "t"}).status, 0);
  const std::string id = p.document({"show", "t"})["task"];
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(7 * 24 + 1);
  fs::last_write_time(p.store() + "/undo/" + id, old);
  p.write_object("other", "x");  // the next command that may write forgets it
  EXPECT_FALSE(fs::exists(p.store() + "/undo/" + id));
  const Ended e = p.run({"undo", "t"});
  EXPECT_EQ(e.status, 69);
  EXPECT_THAT(e.err, HasSubstr("copies are kept for 7 days"));
  EXPECT_EQ(p.run({"undo", "t", "--", "object"}).status, 0);
  const Ended diff = p.run({"diff", "t"});
  EXPECT_EQ(diff.status, 0) << diff.err;
  EXPECT_THAT(diff.out, HasSubstr("a.txt: changed, and not shown: its content is no longer kept\n"));
  EXPECT_THAT(p.run({"diff", "t", "--name-only"}).out, HasSubstr(dir() + "/a.txt\n"));
  expect_sound();
}

TEST_F(UndoFiles, TimesAndModesComeBack) {
  struct stat before{}, after{};
  const timespec times[2] = {{1'600'000'000, 0}, {1'600'000'000, 123}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (dir() + "/run.sh").c_str(), times, 0), 0);
  ::stat((dir() + "/run.sh").c_str(), &before);
  ASSERT_EQ(several({"put", "/run.sh", "changed\n"}, {"--id", "t"}).status, 0);
  ASSERT_EQ(p.run({"undo", "t"}).status, 0);
  ::stat((dir() + "/run.sh").c_str(), &after);
  EXPECT_EQ(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
  EXPECT_EQ(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
  EXPECT_EQ(after.st_mode, before.st_mode);
}

}  // namespace
}  // namespace writ::cli_test
