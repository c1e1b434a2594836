// `writ run`: how it ends, what it leaves, what it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <regex>
#include <thread>

#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

bool matches(const std::string& text, const std::string& pattern) {
  return std::regex_match(text, std::regex(pattern));
}

TEST(Run, StandardOutputIsTheGuestsAndTheLastLineIsOurs) {
  const Place p;
  const Ended e = p.probe({"hello"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_EQ(e.out, "hello\n");
  EXPECT_TRUE(matches(
      e.err, "writ: ([0-9a-f]{8}) committed: 0 objects; 0 denied; 0 sent\\. writ show \\1 \\| writ verify \\1\n"))
      << e.err;
  EXPECT_EQ(p.run({"run", "-q", WRIT_PROBE, "hello"}).err, "");
}

TEST(Run, ArgumentsReachTheGuestUntouched) {
  const Place p;
  const Ended e = p.probe({"args", "", " a  b ", "--grant", "*", "$HOME", "é\n", "--", "-q"});
  EXPECT_EQ(e.out, "\n a  b \n--grant\n*\n$HOME\né\n\n--\n-q\n");
  const auto notes = lines(e.err);
  ASSERT_EQ(notes.size(), 2u) << e.err;
  EXPECT_THAT(notes[0], HasSubstr("--grant and others after the code went to the guest"));
}

TEST(Run, TheGuestsOwnStatusAndOnlyZeroCommits) {
  const Place p;
  for (const int status : {1, 7, 64, 70, 75, 77, 125, 255}) {
    const Ended e = p.probe({"exit", std::to_string(status)});
    EXPECT_EQ(e.status, status);
    EXPECT_THAT(e.last_line(), HasSubstr("discarded: exit " + std::to_string(status) + ", nothing changed;"));
  }
  EXPECT_NE(p.probe({"exit", "256"}).status, 0) << "a failure never becomes 0";
  EXPECT_EQ(p.probe({"lose", "a", "x"}, {"--grant", "state.write:a"}).status, 9);
  EXPECT_EQ(p.document({"state", "ls"})["objects"].size(), 0u);
}

TEST(Run, WhatItWritesIsThereAfterwards) {
  const Place p;
  const Ended e = p.probe({"put", "orders/1", "first"}, {"--grant", "state.write:orders/"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_THAT(e.last_line(), HasSubstr(" committed: 1 object; 0 denied; 0 sent."));
  EXPECT_EQ(p.run({"state", "get", "orders/1"}).out, "first");
  EXPECT_EQ(p.probe({"get", "orders/1"}, {"--grant", "state.read:orders/1"}).out, "first");
  EXPECT_EQ(p.probe({"rm", "orders/1"}, {"--grant", "state.read:orders/", "--grant", "state.write:orders/"}).status, 0);
  EXPECT_EQ(p.run({"state", "get", "orders/1"}).status, 69);
}

TEST(Run, ADenialIsTheGuestsToHandleUnlessStrict) {
  const Place p;
  const Ended handled = p.probe({"try", "/etc/passwd"});
  EXPECT_EQ(handled.status, 0);
  EXPECT_THAT(handled.last_line(),
              ContainsRegex(" committed: 0 objects; [1-9][0-9]* denied; 0 sent\\. writ show [0-9a-f]* . writ why"));
  EXPECT_THAT(handled.out, IsEmpty());
  const Ended strict = p.probe({"try", "/etc/passwd"}, {"--strict"});
  EXPECT_EQ(strict.status, 77);
  EXPECT_THAT(strict.last_line(), HasSubstr("discarded: denied"));
  const Ended why = p.run({"why", "@"});
  EXPECT_THAT(why.out, HasSubstr("file.read /etc/passwd"));
}

TEST(Run, DenyWinsOverGrant) {
  const Place p;
  p.write_object("a/x", "1");
  EXPECT_EQ(p.probe({"get", "a/x"}, {"--grant", "state.read:a/"}).status, 0);
  EXPECT_EQ(p.probe({"get", "a/x"}, {"--grant", "state.read:a/", "--deny", "state.read:a/x"}).status, 3);
  EXPECT_THAT(p.run({"why", "@"}).out, HasSubstr("deny"));
}

TEST(Run, EveryEndHasItsStatusAndItsWords) {
  const Place p;
  const struct {
    Words words, options;
    int status;
    const char* says;
  } cases[] = {
      {{"trap"}, {}, 125, "discarded: trapped (unreachable"},
      {{"loop"}, {"--limit", "time=300ms"}, 124, "discarded: timed out"},
      {{"recurse"}, {"--limit", "stack=256KiB"}, 125, "discarded: trapped ("},
      {{"flood", "200000"}, {"--limit", "output=100KB"}, 125, "discarded: trapped ("},
      {{"hello"}, {"--limit", "memory=64KiB"}, 137, "discarded: out of memory"},
      {{"alloc", "64"}, {"--limit", "memory=16MiB"}, 3, "discarded: exit 3"},
      {{"put", "a", "x"}, {"--grant", "state.write:a", "--limit", "effects=0"}, 125, "discarded: trapped ("},
  };
  for (const auto& c : cases) {
    const Ended e = p.probe(c.words, c.options);
    EXPECT_EQ(e.status, c.status) << testing::PrintToString(c.words) << e.err;
    EXPECT_THAT(e.last_line(), HasSubstr(c.says));
    EXPECT_THAT(e.last_line(), HasSubstr("nothing changed"));
    EXPECT_EQ(p.run({"verify", "@"}).status, 0) << "a failed task leaves a receipt too";
  }
  EXPECT_EQ(p.probe({"hello"}).status, 0) << "the next task runs clean";
}

TEST(Run, ASignalCancelsAndStillLeavesAReceipt) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const Place p;
    Running r = p.start({.words = {"run", WRIT_PROBE, "loop"}});
    r.wait_for_output("ready\n");
    r.kill(signal);
    const Ended e = r.wait();
    EXPECT_EQ(e.status, 130) << e.err;
    EXPECT_THAT(e.last_line(), HasSubstr("discarded: cancelled"));
    EXPECT_EQ(p.run({"verify", "@"}).status, 0);
  }
}

TEST(Run, TheProcessIsLockedWhileAGuestRuns) {
  const Place p;
  Running r = p.start({.words = {"run", WRIT_PROBE, "loop"}});
  r.wait_for_output("ready\n");
  const std::string status = read_all("/proc/" + std::to_string(r.pid()) + "/status");
  r.kill(SIGTERM);
  EXPECT_THAT(status, HasSubstr("Seccomp:\t2\n")) << "runtime::lock_process";
  EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1\n"));
  EXPECT_EQ(r.wait().status, 130);
}

TEST(Run, TheLimitOfFilesIsOneThatTheProcessHas) {
  const Place p;
  const auto with_hard_limit = [&](const std::string& most, Words options) {
    Words words{"--nofile=" + most + ":" + most, WRIT_PROGRAM, "run"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {WRIT_PROBE, "hello"});
    return p.start({.program = "/usr/bin/prlimit", .words = words}).wait();
  };
  const Ended refused = with_hard_limit("700", {"--limit", "files=600"});
  EXPECT_EQ(refused.status, 69) << refused.err;
  EXPECT_THAT(refused.err, testing::AllOf(HasSubstr("700"), HasSubstr("--limit files=444 fits")));
  EXPECT_EQ(with_hard_limit("700", {"--limit", "files=444"}).status, 0);
}

TEST(Run, OpeningAFileOfAnyLengthEndsWithTheTask) {
  const Place p;
  const std::string file = p.file("long", "");
  std::filesystem::resize_file(file, std::uintmax_t{60} << 30);  // minutes of digesting
  const Ended e = p.probe({"get", file}, {"--grant", "file.read:" + file, "--limit", "time=1s"});
  EXPECT_EQ(e.status, 124) << e.err;
}

TEST(Run, ALostRaceIsAConflictAndARetryWins) {
  const Place p;
  p.write_object("n", "0");
  const Words grants{"--grant", "state.read:n", "--grant", "state.write:n"};
  Words words{"run"};
  words.insert(words.end(), grants.begin(), grants.end());
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Words plain = words;
  plain.insert(plain.end(), {WRIT_PROBE, "update", "n", "mine"});
  Running r = p.start({.words = plain, .input_fd = ends[0]});
  r.wait_for_output("ready\n");
  p.write_object("n", "theirs");
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  const Ended lost = r.wait();
  EXPECT_EQ(lost.status, 75) << lost.err;
  EXPECT_THAT(lost.last_line(), HasSubstr("discarded: conflict ("));
  EXPECT_EQ(p.run({"state", "get", "n"}).out, "theirs");

  Words again = words;
  again.insert(again.end(), {"--retry", "3", "--id", "second", WRIT_PROBE, "update", "n", "mine"});
  Running second = p.start({.words = again, .input_fd = ends[0]});
  std::this_thread::sleep_for(std::chrono::seconds(1));  // whether it has read by now or not, the end is the same
  p.write_object("n", "others");
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  const Ended won = second.wait();
  EXPECT_EQ(won.status, 0) << won.err;
  EXPECT_EQ(won.out, "othersready\n") << "what the lost attempt printed is not shown";
  EXPECT_EQ(p.run({"state", "get", "n"}).out, "mine");
  EXPECT_THAT(p.run({"show", "second"}).out, HasSubstr("committed"));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Run, TheEnvironmentIsWhatWasGranted) {
  const Place p;
  EXPECT_EQ(p.probe({"env", "HOME"}).status, 3);
  EXPECT_EQ(p.probe({"env", "HOME"}, {"--grant", "env:HOME"}).out, p.home() + "\n");
  EXPECT_EQ(p.probe({"env", "HOME"}, {"--env", "HOME"}).out, p.home() + "\n");
  EXPECT_EQ(p.probe({"env", "HOME"}, {"--env", "HOME=other"}).out, "other\n");
  EXPECT_EQ(p.probe({"env", "NEW"}, {"--env", "NEW=a=b"}).out, "a=b\n");
  EXPECT_EQ(p.probe({"env", "HOME"}, {"--env", "HOME", "--deny", "env:HOME"}).status, 3);
}

TEST(Run, NamesAndLabels) {
  const Place p;
  EXPECT_EQ(p.probe({"hello"}, {"--id", "nightly", "--label", "team=a", "--label", "run=[1,2]"}).status, 0);
  const Json shown = p.document({"show", "nightly"});
  EXPECT_EQ(shown["name"], "nightly");
  EXPECT_THAT(shown["labels"].get<Words>(), testing::UnorderedElementsAre("team=a", "run=[1,2]"));
  const Ended again = p.probe({"hello"}, {"--id", "nightly"});
  EXPECT_EQ(again.status, 64);
  EXPECT_THAT(again.err, HasSubstr("taken"));
}

TEST(Run, AReceiptWrittenBesideVerifiesAlone) {
  const Place p;
  EXPECT_EQ(p.probe({"hello"}, {"--receipt", "r.json"}).status, 0);
  const std::string key = lines(p.run({"log", "key"}).out).at(0);
  const Ended good = p.start({.program = WRIT_VERIFY_PROGRAM, .words = {"r.json", "--key", key}}).wait();
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_THAT(good.out, HasSubstr("verified"));
  EXPECT_EQ(p.run({"verify", "r.json", "--key", key}).status, 0);
  const Ended stranger = p.run({"verify", "r.json"});
  EXPECT_EQ(stranger.status, 1);
  EXPECT_THAT(stranger.out, HasSubstr("untrusted"));
  const Ended any = p.run({"verify", "r.json", "--any-key"});
  EXPECT_EQ(any.status, 0);
  EXPECT_THAT(any.out, HasSubstr("intact, signer unknown"));
}

TEST(Run, AReceiptThatCannotBeWrittenStopsTheRunBeforeItBegins) {
  const Place p;
  for (const char* place : {"/nonexistent/r.json", ".", "none/r.json"}) {
    const Ended e = p.probe({"hello"}, {"--receipt", place});
    EXPECT_NE(e.status, 0) << place;
    EXPECT_THAT(e.err, HasSubstr("cannot write the receipt"));
    EXPECT_THAT(e.out, IsEmpty()) << "nothing ran";
  }
}

TEST(Run, DryRunsShowWhatWouldBeGrantedAndRunNothing) {
  const Place p;
  const Ended e = p.probe({"put", "a", "x"},
                          {"--dry-run", "--grant", "state.write:a", "--deny", "file.read:rel/", "--limit", "time=5s"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_THAT(e.out, testing::AllOf(HasSubstr("grant state.write:a"),
                                    HasSubstr("deny  file.read:" + p.work() + "/rel/"), HasSubstr("time=5s")));
  EXPECT_FALSE(std::filesystem::exists(p.store())) << "not even the store is opened";
}

TEST(Run, ASeedMakesARunTheSameTwice) {
  const Place p;
  const std::string seed(64, 'a');
  const auto first = p.document({"run", "--seed", seed, WRIT_PROBE, "hello"});
  EXPECT_TRUE(first["deterministic"]);
  EXPECT_EQ(p.document({"run", "--seed", seed, "--grant", "clock.real", WRIT_PROBE, "hello"})["committed"], true);
}

TEST(Run, ManifestsGiveCodeGrantsAndLimits) {
  const Place p;
  p.file("task/m.toml",
         "[task]\ncode = \"probe.wasm\"\nargs = [\"put\", \"a\", \"x\"]\n[grants]\nstate.write = "
         "[\"a\"]\n[limits]\ntime = \"20s\"\n");
  std::filesystem::copy(WRIT_PROBE, p.work() + "/task/probe.wasm");
  const Ended e = p.run({"run", "--manifest", "task/m.toml"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_EQ(p.run({"state", "get", "a"}).out, "x");
  EXPECT_EQ(p.run({"run", "--manifest", "task/m.toml", WRIT_PROBE, "put", "a", "y"}).status, 0)
      << "the command line's code and arguments win";
  EXPECT_EQ(p.run({"state", "get", "a"}).out, "y");
  EXPECT_EQ(p.run({"run", "--manifest", "task/m.toml", "--deny", "state.write:a"}).status, 3);
}

}  // namespace
}  // namespace writ::cli_test
