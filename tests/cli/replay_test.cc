// `writ replay` and `writ rerun` from the command line, over real modules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

Json receipt(const Place& p, const std::string& task) {
  return Json::parse(p.document({"show", task})["receipt"].get<std::string>());
}

TEST(Replaying, HoldsForDeterministicTasksWhateverHappensAfterwards) {
  const Place p;
  p.write_object("a", "1");
  EXPECT_EQ(p.probe({"increment", "a"}, {"--id", "t", "--grant", "state.read:a", "--grant", "state.write:a"}).status, 0);
  p.write_object("a", "90");
  const Ended e = p.run({"replay", "t"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_THAT(e.out, HasSubstr("holds"));
  EXPECT_EQ(p.run({"state", "get", "a"}).out, "90") << "a replay changes nothing";
  EXPECT_EQ(p.document({"replay", "t"})["verdict"], "holds");
  for (const Words& words : {Words{"trap"}, Words{"exit", "7"}, Words{"try", "/etc/passwd"}, Words{"args", "x", "y"}}) {
    p.probe(words);
    EXPECT_EQ(p.run({"replay", "@"}).status, 0) << words[0];
  }
}

TEST(Replaying, WhatItCannotTellAgainIs69) {
  const Place p;
  EXPECT_EQ(p.run({"run", WRIT_PROBE, "cat"}, "typed\n").status, 0);
  const Ended e = p.run({"replay", "@"});
  EXPECT_EQ(e.status, 69);
  EXPECT_THAT(e.err, HasSubstr("--keep-inputs"));
  EXPECT_EQ(p.run({"replay", "@", "--input", "-"}, "typed\n").status, 0);
  EXPECT_EQ(p.run({"replay", "@", "--input", p.file("input", "other\n")}).status, 69);
  EXPECT_EQ(p.run({"run", "--keep-inputs", WRIT_PROBE, "cat"}, "typed\n").status, 0);
  EXPECT_EQ(p.run({"replay", "@"}).status, 0);
  p.write_object("b", "1");
  EXPECT_THAT(p.run({"replay", "@"}).err, HasSubstr("operator"));
  EXPECT_EQ(p.run({"replay", "@"}).status, 69);
  EXPECT_EQ(p.run({"replay", "nobody"}).status, 65);
  const std::string file = p.file("x", "one");
  p.probe({"get", file}, {"--grant", "file.read:" + file});
  EXPECT_EQ(p.run({"replay", "@"}).status, 0);
  p.file("x", "two");
  EXPECT_EQ(p.run({"replay", "@"}).status, 69);
  EXPECT_THAT(p.run({"replay", "@"}).err, HasSubstr("has changed"));
}

TEST(Rerunning, IsTheSameCodeWithMoreOrLessAndNamesItsParent) {
  const Place p;
  EXPECT_NE(p.probe({"put", "a", "1"}, {"--id", "first", "--label", "k=v"}).status, 0);
  const Ended e = p.run({"rerun", "first", "--grant", "state.write:a", "--id", "second"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_EQ(p.run({"state", "get", "a"}).out, "1");
  EXPECT_EQ(receipt(p, "second")["input"]["parents"].size(), 1u);
  EXPECT_EQ(receipt(p, "second")["input"]["labels"][0], "k=v");
  EXPECT_NE(receipt(p, "second")["input"]["seed"], receipt(p, "first")["input"]["seed"]);
  EXPECT_NE(p.run({"rerun", "second", "--deny", "state.write:a"}).status, 0);
  EXPECT_EQ(p.run({"run", WRIT_PROBE, "cat"}, "typed").status, 0);
  EXPECT_EQ(p.run({"rerun", "@"}).status, 69) << "its input was not kept";
  EXPECT_EQ(p.run({"rerun", "@", "--input", "-"}, "again").out, "again");
  EXPECT_EQ(p.run({"run", "--keep-inputs", WRIT_PROBE, "cat"}, "kept").status, 0);
  EXPECT_EQ(p.run({"rerun", "@"}).out, "kept");
  EXPECT_EQ(p.run({"audit"}).status, 0);
}

TEST(Rerunning, TheEnvironmentIsWhatItSaw) {
  const Place p;
  EXPECT_EQ(p.probe({"env", "COLOUR"}, {"--env", "COLOUR=red"}).out, "red\n");
  EXPECT_EQ(p.run({"rerun", "@"}).out, "red\n");
  EXPECT_EQ(p.run({"rerun", "@2", "--env", "COLOUR=blue"}).out, "blue\n");
}

}  // namespace
}  // namespace writ::cli_test
