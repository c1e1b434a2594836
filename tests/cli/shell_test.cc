// The command lines of interface.md mean the same, unquoted, in every shell that people use.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

struct Shell {
  std::string program;
  std::string before;  // what it is told first
};

std::vector<Shell> shells() {
  std::vector<Shell> found;
  const Shell all[] = {{"/bin/bash", ""},
                       {"/bin/bash", "shopt -s nullglob; "},
                       {"/bin/bash", "shopt -s failglob; "},
                       {"/bin/dash", ""},
                       {"/usr/bin/zsh", ""}};
  for (const Shell& s : all) {
    if (::access(s.program.c_str(), X_OK) == 0)
      found.push_back(s);
    else
      std::printf("not covered: %s is not installed\n", s.program.c_str());
  }
  return found;
}

Ended in_shell(const Place& p, const Shell& s, const std::string& line) {
  return p.start({.program = s.program, .words = {"-c", s.before + line, s.program, WRIT_PROGRAM, WRIT_PROBE}}).wait();
}

TEST(Shells, GrantsOfTheContractAreTheSameInAll) {
  const Place p;
  for (const char* name : {"orders", "HOME", "out", "2026-1.json"}) p.file(name, "");
  const char* grants[] = {"state.read:orders/",
                          "state.write:orders/2026-*.json,max_size=1MiB",
                          "file.read:/usr/share/zoneinfo/",
                          "env:HOME",
                          "clock.real",
                          "random.real",
                          "state.read:a/**/b",
                          "state.read:orders/%20%2A,bytes=1MiB,uses=3,time=5s,rate=10/s"};
  for (const char* grant : grants) {
    const std::string expected = p.run({"--json", "run", "--dry-run", "--grant", grant, WRIT_PROBE}).out;
    ASSERT_NE(expected, "") << grant;
    for (const Shell& s : shells()) {
      const bool globs = std::string(grant).find('*') != std::string::npos;
      const bool refuses = globs && (s.before.find("failglob") != std::string::npos || s.program.ends_with("zsh"));
      const bool removes = globs && s.before.find("nullglob") != std::string::npos;
      const Ended e = in_shell(p, s, "\"$1\" --json run --dry-run --grant " + std::string(grant) + " \"$2\"");
      if (refuses || removes) {
        // The shell itself stops or drops a pattern that matches no file: never another meaning, and quoted it works.
        EXPECT_NE(e.status, 0) << s.program << s.before << grant;
        EXPECT_EQ(in_shell(p, s, "\"$1\" --json run --dry-run --grant='" + std::string(grant) + "' \"$2\"").out,
                  expected);
      } else {
        EXPECT_EQ(e.out, expected) << s.program << s.before << grant << e.err;
      }
    }
  }
}

TEST(Shells, WhatWhyProposesCanBePastedAnywhere) {
  const Place p;
  for (const char* name : {"plain", "with blank", "star*", "what?", "a[b]", "50%", "semi;colon", "$HOME", "a'b", "a\"b",
                           "`id`", "#x", "a&b", "~"}) {
    p.write_object(name, "found");
    EXPECT_EQ(p.probe({"get", name}).status, 3) << name;
    const Json denials = p.document({"why", "@"})["denials"];
    ASSERT_GE(denials.size(), 1u) << name;
    EXPECT_EQ(denials[0]["resource"], name);
    const std::string option = denials[0]["grant_shell"];
    p.file("name", name);
    for (const Shell& s : shells()) {
      const Ended e = in_shell(p, s, "\"$1\" run -q " + option + " \"$2\" get \"$(cat name)\"");
      EXPECT_EQ(e.status, 0) << s.program << s.before << option << e.err;
      EXPECT_EQ(e.out, "found");
    }
  }
}

TEST(Shells, ALoopOverAListRunsEveryLine) {
  const Place p;
  p.file("list", "one\ntwo\nthree\n");
  for (const Shell& s : shells()) {
    const Ended e = in_shell(p, s, "while read f; do \"$1\" run -q \"$2\" args $f; done <list");
    EXPECT_EQ(e.out, "one\ntwo\nthree\n") << s.program << s.before << e.err;
  }
}

TEST(Shells, ResultsGoThroughPipes) {
  const Place p;
  for (const Shell& s : shells()) {
    EXPECT_EQ(in_shell(p, s, "echo text | \"$1\" run -q \"$2\" cat | tr a-z A-Z").out, "TEXT\n");
    EXPECT_EQ(in_shell(p, s, "\"$1\" run -q \"$2\" exit 7; echo $?").out, "7\n");
    const Ended verified = in_shell(
        p, s, "\"$1\" run -q --receipt r.json \"$2\" && " WRIT_VERIFY_PROGRAM " r.json --key \"$(\"$1\" log key)\"");
    EXPECT_EQ(verified.status, 0) << verified.err;
  }
}

}  // namespace
}  // namespace writ::cli_test
