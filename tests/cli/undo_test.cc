// `writ undo`: back to what was there, unless somebody changed it since; itself a task with a parent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

using testing::HasSubstr;

Json receipt(const Place& p, const std::string& task) {
  return Json::parse(p.document({"show", task})["receipt"].get<std::string>());
}

TEST(Undo, PutsBackWhatWasChangedMadeAndRemoved) {
  const Place p;
  p.write_object("changed", "old");
  p.write_object("gone", "kept");
  p.probe({"put", "changed", "new"}, {"--id", "t1", "--grant", "state.write:**"});
  p.probe({"put", "made", "x"}, {"--id", "t2", "--grant", "state.write:**"});
  EXPECT_EQ(p.probe({"rm", "gone"}, {"--id", "t3", "--grant", "state.write:**", "--grant", "state.read:**"}).status, 0);
  const std::string before = p.run({"state", "ls"}).out;
  const Ended dry = p.run({"undo", "--dry-run", "t1"});
  EXPECT_EQ(dry.out, "would put back changed version 1\n");
  EXPECT_EQ(p.run({"state", "ls"}).out, before);
  for (const char* task : {"t1", "t2", "t3"}) {
    const Ended e = p.run({"undo", task});
    EXPECT_EQ(e.status, 0) << e.err;
    EXPECT_THAT(e.err, HasSubstr("committed: 1 object"));
  }
  EXPECT_EQ(p.run({"state", "get", "changed"}).out, "old");
  EXPECT_EQ(p.run({"state", "get", "made"}).status, 69);
  EXPECT_EQ(p.run({"state", "get", "gone"}).out, "kept");
  EXPECT_EQ(receipt(p, "@")["input"]["parents"].size(), 1u);
  EXPECT_EQ(p.run({"audit"}).status, 0);
}

TEST(Undo, WhatSomebodyChangedSinceIsNamedAndNothingIsUndone) {
  const Place p;
  p.probe({"both", "a", "1"}, {"--id", "t", "--grant", "state.write:**"});
  p.write_object("a", "2");
  const Ended e = p.run({"undo", "t"});
  EXPECT_EQ(e.status, 75);
  EXPECT_THAT(e.err, HasSubstr("changed since the task: a"));
  EXPECT_EQ(p.run({"state", "get", "both/other"}).out, "1");
  EXPECT_EQ(p.run({"undo", "t", "--", "both/"}).status, 0) << "what nobody changed can be undone";
  EXPECT_EQ(p.run({"state", "get", "both/other"}).status, 69);
  EXPECT_EQ(p.run({"state", "get", "a"}).out, "2");
}

TEST(Undo, TwiceIsAConflictAndUndoingTheUndoIsNot) {
  const Place p;
  p.write_object("a", "1");
  p.probe({"put", "a", "2"}, {"--id", "t", "--grant", "state.write:**"});
  EXPECT_EQ(p.run({"undo", "t"}).status, 0);
  EXPECT_EQ(p.run({"undo", "t"}).status, 75);
  EXPECT_EQ(p.run({"undo", "@"}).status, 0);
  EXPECT_EQ(p.run({"state", "get", "a"}).out, "2");
  EXPECT_EQ(p.run({"audit"}).status, 0);
}

TEST(Undo, OfNothingSaysSo) {
  const Place p;
  p.probe({"hello"}, {"--id", "empty"});
  p.probe({"lose", "a", "1"}, {"--id", "failed", "--grant", "state.write:a"});
  p.probe({"put", "a", "1"}, {"--id", "waiting", "--stage", "--grant", "state.write:a"});
  for (const char* task : {"empty", "failed", "waiting"}) {
    const Ended e = p.run({"undo", task});
    EXPECT_EQ(e.status, 65) << task;
    EXPECT_THAT(e.err, HasSubstr("nothing"));
  }
  p.probe({"put", "a", "1"}, {"--id", "t", "--grant", "state.write:a"});
  EXPECT_EQ(p.run({"undo", "t", "--", "elsewhere"}).status, 65);
}

}  // namespace
}  // namespace writ::cli_test
