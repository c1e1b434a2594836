// Words of interface.md: those of this version are there, those of later ones are answered and never misread.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

using testing::HasSubstr;

TEST(Words, OfLaterVersionsAreAnsweredInOneLine) {
  const Place p;
  const Words later[] = {{"impact", "@"},
                         {"branch"},
                         {"evidence"},
                         {"cap", "verify", "x"},
                         {"memory", "init"},
                         {"secret", "ls"},
                         {"outbox", "ls"},
                         {"config", "get"},
                         {"backup", "f"},
                         {"restore", "f"},
                         {"gc"},
                         {"du"},
                         {"upgrade"},
                         {"serve"},
                         {"mcp"},
                         {"inbox"},
                         {"component"},
                         {"tenant"},
                         {"metadata"},
                         {"log", "witness"},
                         {"doctor", "--memory"},
                         {"run", "--lang", "js", "x"},
                         {"run", "--tty", "x"},
                         {"run", "--engine", "e", "x"}};
  for (const Words& words : later) {
    const Ended e = p.run(words);
    EXPECT_EQ(e.status, 69) << testing::PrintToString(words);
    EXPECT_EQ(lines(e.err).size(), 1u) << e.err;
    EXPECT_THAT(e.err, HasSubstr("not in this version"));
  }
}

TEST(Words, EveryCommandExplainsItself) {
  const Place p;
  const Json help = p.document({"help"});
  EXPECT_GT(help["commands"].size(), 20u);
  for (const Json& c : help["commands"]) {
    Words words{"help"};
    std::string word;
    for (const char ch : c["name"].get<std::string>() + " ") {
      if (ch == ' ')
        words.push_back(std::exchange(word, ""));
      else
        word += ch;
    }
    const Ended by_help = p.run(words);
    EXPECT_EQ(by_help.status, 0) << by_help.err;
    words.erase(words.begin());
    words.push_back("--help");
    EXPECT_EQ(p.run(words).out, by_help.out);
    for (const Json& o : c["options"]) EXPECT_THAT(by_help.out, HasSubstr(o["name"].get<std::string>()));
  }
  for (const char* effect : {"state.read", "state.write", "file.read", "env", "clock.real", "random.real"})
    EXPECT_THAT(p.run({"help", "effects"}).out, HasSubstr(effect));
  EXPECT_EQ(p.run({"--help"}).out, p.run({"help"}).out);
  EXPECT_EQ(p.run({"state", "--help"}).status, 0);
}

TEST(Words, WithoutACommandThereIsAHint) {
  const Place p;
  EXPECT_EQ(p.run({}).status, 64);
  EXPECT_THAT(p.run({}).err, HasSubstr("writ help"));
  EXPECT_EQ(p.run({"version"}).out, p.run({"--version"}).out);
}

TEST(Words, CommandsThatNeedNoStoreNeedNoHome) {
  const Place p;
  for (const char* command : {"version", "help", "doctor"}) {
    const Ended e = p.start({.program = "/usr/bin/env", .words = {"-i", WRIT_PROGRAM, command}}).wait();
    EXPECT_EQ(e.status, 0) << e.err;
  }
  const Ended e = p.start({.program = "/usr/bin/env", .words = {"-i", WRIT_PROGRAM, "tasks"}}).wait();
  EXPECT_EQ(e.status, 69);
  EXPECT_THAT(e.err, HasSubstr("set HOME"));
}

}  // namespace
}  // namespace writ::cli_test
