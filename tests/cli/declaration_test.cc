// What a module declares is compared with what it is given, before it runs; and the words that shells complete.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

using testing::HasSubstr;
using testing::Not;

// The probe with a custom section writ.manifest.
std::string declaring(const Place& p, const std::string& manifest) {
  const std::string inside = "\x0dwrit.manifest" + manifest;
  std::string size;
  for (auto n = inside.size();; n >>= 7) {
    size += static_cast<char>((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
    if (n <= 0x7f) break;
  }
  return p.file("declaring.wasm", read_all(WRIT_PROBE) + std::string(1, '\0') + size + inside);
}

TEST(Declaration, MissingWordsArePrintedAndNothingRuns) {
  const Place p;
  const auto code = declaring(p, "[grants]\n\"state.read\" = [\"orders/\"]\n\"env\" = [\"HOME\"]\n[limits]\nmemory = \"1GiB\"\n");
  const Ended e = p.run({"run", "--grant", "state.read:orders/a", code, "hello"});
  EXPECT_EQ(e.status, 77);
  EXPECT_EQ(e.out, "");
  EXPECT_THAT(e.err, HasSubstr("--grant state.read:orders/ "));
  EXPECT_THAT(e.err, HasSubstr("--grant env:HOME"));
  EXPECT_THAT(e.err, HasSubstr("--limit memory=1GiB"));
  const Ended well = p.run({"run", "--grant", "state.read:/", "--env", "HOME", "--limit", "memory=1GiB", code, "hello"});
  EXPECT_EQ(well.status, 0) << well.err;
}

TEST(Declaration, GrantsNothing) {
  const Place p;
  p.write_object("orders/a", "x");
  const auto code = declaring(p, "[task]\nargs = [\"x\"]\n");
  EXPECT_EQ(p.run({"run", code, "get", "orders/a"}).status, 3);
}

TEST(Declaration, AHostileOneIsRefusedAndCannotSpeakToTheTerminal) {
  const Place p;
  for (const std::string bad : {"[grants]\n\"\\u001b[2Jx\" = true\n", "[grants]\n\"state.read\" = [\"a b\"]\n", "\x1b[31m", "[workspace]\n"}) {
    const Ended e = p.run({"run", declaring(p, bad), "hello"});
    EXPECT_NE(e.status, 0) << bad;
    EXPECT_EQ(e.out, "");
    EXPECT_THAT(e.err, Not(HasSubstr("\x1b")));
  }
}

TEST(Completion, IsAScriptOfItsShell) {
  const Place p;
  const std::string script = p.run({"completion", "bash"}).out;
  EXPECT_THAT(script, HasSubstr("state.read:"));
  EXPECT_THAT(script, HasSubstr("attenuate"));
  EXPECT_THAT(script, Not(HasSubstr("tenant"))) << "a word of a later version";
  const auto ask = p.file("ask.sh", script + "\nCOMP_WORDS=(writ cap at); COMP_CWORD=2; _writ; echo ${COMPREPLY[@]}\n"
                                             "COMP_WORDS=(writ run --grant clo); COMP_CWORD=3; _writ; echo ${COMPREPLY[@]}\n");
  const Ended bash = p.start({.program = "/bin/bash", .words = {"--norc", ask}}).wait();
  EXPECT_EQ(bash.out, "attenuate\nclock.real\n") << bash.err;
  const Ended zsh = p.start({.program = "/bin/zsh", .words = {"-n", p.file("c.zsh", p.run({"completion", "zsh"}).out)}}).wait();
  EXPECT_EQ(zsh.status, 0) << zsh.err;
  EXPECT_THAT(p.run({"completion", "fish"}).out, HasSubstr("complete -c writ"));
  EXPECT_EQ(p.run({"completion", "fsh"}).status, 64);
}

}  // namespace
}  // namespace writ::cli_test
