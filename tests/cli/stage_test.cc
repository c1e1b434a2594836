// Staged tasks from the command line: run --stage, diff, commit, discard, and what the other commands say of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

Ended staged(const Place& p, Words words, Words options = {}) {
  options.insert(options.end(), {"--stage", "--grant", "state.write:**", "--grant", "state.read:**"});
  return p.probe(std::move(words), std::move(options));
}

TEST(Staging, ALookAndThenACommit) {
  const Place p;
  p.write_object("a", "one\ntwo\n");
  const Ended e = staged(p, {"put", "a", "one\n2\n"}, {"--id", "mine"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_THAT(e.last_line(), testing::ContainsRegex("writ: ([0-9a-f]{8}) staged: 1 object; 0 denied; 0 sent\\. writ diff [0-9a-f]{8} \\| "
                                                    "writ commit [0-9a-f]{8} \\| writ discard [0-9a-f]{8}"));
  EXPECT_EQ(p.run({"state", "get", "a"}).out, "one\ntwo\n") << "nothing is visible yet";
  EXPECT_THAT(p.run({"tasks", "--staged"}).out, HasSubstr("staged"));
  const Ended shown = p.run({"diff", "mine"});
  EXPECT_EQ(shown.status, 0) << shown.err;
  EXPECT_THAT(shown.out, EndsWith("\n--- a/state/a\n+++ b/state/a\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n"));
  EXPECT_EQ(p.run({"diff", "@", "--name-only"}).out, "a\n");
  EXPECT_THAT(p.run({"diff", "--stat", "@"}).out, HasSubstr("+1 -1"));
  const std::string digest = p.document({"diff", "mine"})["digest"];
  EXPECT_EQ(p.run({"commit", "mine@" + std::string(64, 'f')}).status, 75);
  EXPECT_EQ(p.run({"state", "get", "a"}).out, "one\ntwo\n");
  const Ended done = p.run({"commit", "@@" + digest});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("committed: 1 object"));
  EXPECT_EQ(p.run({"state", "get", "a"}).out, "one\n2\n");
  EXPECT_EQ(p.run({"tasks", "--staged"}).out, "");
  EXPECT_EQ(p.run({"commit", "mine"}).status, 75);
  EXPECT_EQ(p.run({"verify", "mine"}).status, 0);
  EXPECT_EQ(p.run({"audit"}).status, 0);
  EXPECT_THAT(p.run({"diff", "mine"}).out, HasSubstr("+2\n")) << "of a committed task too";
}

TEST(Staging, AStaleOneIs75AndWritesNothing) {
  const Place p;
  p.write_object("a", "1");
  staged(p, {"put", "a", "2"}, {"--id", "mine"});
  p.write_object("a", "3");
  const Ended e = p.run({"commit", "mine"});
  EXPECT_EQ(e.status, 75);
  EXPECT_THAT(e.err, HasSubstr("somebody else changed it"));
  EXPECT_EQ(p.run({"state", "get", "a"}).out, "3");
  EXPECT_EQ(p.run({"discard", "mine"}).status, 0);
  EXPECT_EQ(p.run({"audit"}).status, 0);
}

TEST(Staging, DiscardTakesSeveralAndSaysWhichItCouldNot) {
  const Place p;
  staged(p, {"put", "a", "1"}, {"--id", "one"});
  staged(p, {"put", "b", "1"}, {"--id", "two"});
  const Ended e = p.run({"discard", "one", "missing", "two"});
  EXPECT_EQ(e.status, 65);
  EXPECT_THAT(e.err, HasSubstr("missing"));
  EXPECT_EQ(p.run({"tasks", "--staged"}).out, "");
  EXPECT_THAT(p.run({"why", "one"}).out, HasSubstr("discarded by the operator"));
  EXPECT_EQ(p.run({"state", "ls"}).out, "");
}

TEST(Staging, OnlyAPart) {
  const Place p;
  staged(p, {"both", "a", "1"}, {"--id", "mine"});
  EXPECT_EQ(p.run({"diff", "mine", "--name-only", "--", "both/"}).out, "both/other\n");
  EXPECT_EQ(p.run({"commit", "mine", "--only", "nothing"}).status, 65);
  EXPECT_EQ(p.run({"commit", "mine", "--only", "both"}).status, 0);
  EXPECT_EQ(p.document({"state", "ls"})["objects"].size(), 1u);
}

TEST(Staging, FailedOnesLeaveTheirReceiptAtOnce) {
  const Place p;
  EXPECT_EQ(staged(p, {"lose", "a", "1"}).status, 9);
  EXPECT_EQ(p.run({"tasks", "--staged"}).out, "");
  EXPECT_EQ(p.run({"verify", "@"}).status, 0);
}

TEST(Staging, WithoutAReceiptTheOthersSayWhatIsThere) {
  const Place p;
  staged(p, {"put", "a", "1"}, {"--id", "mine"});
  EXPECT_EQ(p.run({"verify", "mine"}).status, 69);
  EXPECT_THAT(p.run({"verify", "mine"}).err, HasSubstr("staged"));
  const Ended shown = p.run({"show", "mine"});
  EXPECT_EQ(shown.status, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("staged"));
  EXPECT_EQ(p.document({"show", "mine"})["state"], "staged");
  EXPECT_EQ(p.run({"why", "mine"}).status, 0);
  EXPECT_EQ(p.run({"audit"}).status, 0);
}

// What a guest wrote may hold anything; into a pipe it goes as it is, and its own lines begin with what marks them.
TEST(Staging, ContentsCannotPassForThePatch) {
  const Place p;
  staged(p, {"put", "a", "--- a/state/b\n+++ b/state/b\n@@ -0,0 +1 @@\n+x\n"});
  for (const std::string& line : lines(p.run({"diff", "@"}).out))
    if (line.find("state/b") != std::string::npos) { EXPECT_THAT(line, testing::StartsWith("+")); }
  staged(p, {"put", "b", "no newline"});
  EXPECT_THAT(p.run({"diff", "@"}).out, HasSubstr("+no newline\n\\ No newline at end of file\n"));
}

TEST(Cancelling, AnotherProcessEndsATaskByItsName) {
  const Place p;
  Running running = p.start({.words = {"run", "--id", "looping", WRIT_PROBE, "loop"}});
  running.wait_for_output("ready");
  const Ended asked = p.run({"cancel", "looping"});
  EXPECT_EQ(asked.status, 0) << asked.err;
  EXPECT_EQ(running.wait().status, 130);
  EXPECT_THAT(p.run({"show", "looping"}).out, HasSubstr("cancelled"));
  const Ended late = p.run({"cancel", "looping", "nobody"});
  EXPECT_EQ(late.status, 65);
  EXPECT_THAT(late.err, HasSubstr("does not run any more: it is discarded"));
  EXPECT_EQ(p.run({"verify", "looping"}).status, 0);
}

TEST(Staging, NamesAreEscapedWhereTheyAreSaid) {
  const Place p;
  const std::string name = "a\u202eb'c\"\\", shown = "a\\u{202e}b'c\"\\";
  ASSERT_EQ(staged(p, {"put", name, "x"}).status, 0);
  EXPECT_EQ(p.run({"diff", "@", "--name-only"}).out, shown + "\n");
  EXPECT_THAT(p.run({"diff", "@", "--stat"}).out, HasSubstr(shown));
  const Ended part = p.run({"diff", "@", "--", name});
  EXPECT_EQ(part.status, 0) << part.err;
  EXPECT_THAT(part.err, Not(HasSubstr("\u202e")));
  EXPECT_THAT(part.err, HasSubstr("--only 'a\\u{202e}b'\\''c"));
  EXPECT_EQ(p.document({"diff", "@"})["objects"][0]["path"], name);
  const Ended wrong = p.run({"commit", "@", "--only", "\x1b[2J"});
  EXPECT_EQ(wrong.status, 65);
  EXPECT_THAT(wrong.err, Not(HasSubstr("\x1b")));
}

TEST(Staging, BadWordsAreRefused) {
  const Place p;
  EXPECT_EQ(p.run({"run", "--stage", "--receipt", "r.json", WRIT_PROBE, "hello"}).status, 64);
  staged(p, {"put", "a", "1"}, {"--id", "mine"});
  EXPECT_EQ(p.run({"commit"}).status, 64);
  EXPECT_EQ(p.run({"commit", "mine@"}).status, 64);
  EXPECT_EQ(p.run({"commit", "mine", "--only", ""}).status, 64);
  EXPECT_EQ(p.run({"diff", "mine", "--stat", "--name-only"}).status, 64);
  EXPECT_EQ(p.run({"commit", "nobody"}).status, 65);
  EXPECT_EQ(p.run({"commit", "mine@abc"}).status, 75);
  EXPECT_EQ(p.run({"commit", "mine"}).status, 0);
}

}  // namespace
}  // namespace writ::cli_test
