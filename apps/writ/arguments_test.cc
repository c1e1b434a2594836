#include "arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace writ::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Words = std::vector<std::string>;

Arguments good(const Words& words) {
  auto a = parse_arguments(words);
  EXPECT_TRUE(a) << (a ? "" : a.error().text());
  return a ? *a : Arguments{};
}

Error bad(const Words& words) {
  auto a = parse_arguments(words);
  EXPECT_FALSE(a);
  return a ? Error{} : a.error();
}

TEST(Arguments, GlobalOptionsStandBeforeOrAfterTheCommand) {
  for (const Words& words :
       {Words{"--store", "d", "--json", "-q", "tasks"}, Words{"tasks", "-q", "--json", "--store=d"},
        Words{"--json", "tasks", "--store", "d", "-q"}}) {
    const Arguments a = good(words);
    EXPECT_EQ(a.command->name, "tasks");
    EXPECT_EQ(a.value("--store"), "d");
    EXPECT_TRUE(a.has("-q"));
    EXPECT_EQ(a.form, Form::document);
  }
}

TEST(Arguments, WhatFollowsTheCodeIsTheGuests) {
  const Arguments a =
      good({"run", "--grant", "clock.real", "x.wasm", "--grant", "nonsense", "--", "-q", "--store", ""});
  EXPECT_THAT(a.values("--grant"), ElementsAre("clock.real"));
  EXPECT_THAT(a.operands, ElementsAre("x.wasm", "--grant", "nonsense", "--", "-q", "--store", ""));
  EXPECT_FALSE(a.has("-q"));
  EXPECT_FALSE(a.after_mark);
  EXPECT_TRUE(good({"run", "--", "ls", "-l"}).after_mark);
}

TEST(Arguments, ADashIsAnOperand) {
  EXPECT_THAT(good({"run", "-", "-x"}).operands, ElementsAre("-", "-x"));
  EXPECT_THAT(good({"state", "put", "a", "-"}).operands, ElementsAre("a", "-"));
}

TEST(Arguments, AnEmptyValueIsAValueAndEatsNothing) {
  const Arguments a = good({"--store=", "run", "x.wasm"});
  EXPECT_EQ(a.value("--store"), "");
  EXPECT_EQ(a.command->name, "run");
  EXPECT_EQ(good({"--store", "", "tasks"}).value("--store"), "");
  EXPECT_EQ(good({"run", "--label=[a]=b", "x"}).value("--label"), "[a]=b");
  EXPECT_EQ(good({"run", "--input", "-", "x"}).value("--input"), "-");
  EXPECT_EQ(good({"run", "--id", "--strict", "x"}).value("--id"), "--strict");
}

TEST(Arguments, TwoWordCommands) {
  EXPECT_EQ(good({"state", "get", "a"}).command->name, "state get");
  EXPECT_EQ(good({"state", "--json", "ls"}).command->name, "state ls");
  EXPECT_THAT(bad({"state"}).hint, HasSubstr("one of: ls get put rm log"));
  EXPECT_THAT(bad({"log"}).hint, testing::Not(HasSubstr("witness")));
  EXPECT_THAT(bad({"state", "gett", "a"}).hint, HasSubstr("did you mean get?"));
}

TEST(Arguments, UnknownWordsNameTheNearest) {
  EXPECT_THAT(bad({"rnu"}).hint, HasSubstr("run"));
  EXPECT_THAT(bad({"run", "--gramt", "x", "y.wasm"}).text(),
              testing::AllOf(HasSubstr("--gramt"), HasSubstr("--grant")));
  EXPECT_THAT(bad({"--jsno", "tasks"}).hint, HasSubstr("--json"));
  EXPECT_THAT(bad({"tasks", "--json=yaml"}).hint, HasSubstr("--json=lines"));
  EXPECT_THAT(bad({"--grant", "x", "run"}).what, HasSubstr("before the command"));
  EXPECT_EQ(bad({"frobnicate"}).code, Code::invalid);
}

TEST(Arguments, LaterWordsAreUnsupportedAndNeverUnknown) {
  for (const Words& words :
       {Words{"impact", "@"}, Words{"serve"}, Words{"log", "witness"}, Words{"cap", "verify", "x"}, Words{"run", "--engine", "e", "x"},
        Words{"run", "--tty", "x"}, Words{"doctor", "--memory"}, Words{"memory", "init"}}) {
    EXPECT_EQ(bad(words).code, Code::unsupported) << testing::PrintToString(words);
    EXPECT_THAT(bad(words).what, HasSubstr("not in this version"));
  }
}

TEST(Arguments, ValuesAndOperandsAreCounted) {
  EXPECT_THAT(bad({"run", "--id"}).what, HasSubstr("value is missing"));
  EXPECT_THAT(bad({"run", "--id", "a", "--id", "b", "x"}).what, HasSubstr("twice"));
  EXPECT_THAT(bad({"run", "--strict=yes", "x"}).what, HasSubstr("no value"));
  EXPECT_THAT(bad({"show"}).what, HasSubstr("operand is missing"));
  EXPECT_THAT(bad({"show", "a", "b"}).what, HasSubstr("too many"));
  EXPECT_THAT(good({"run", "--grant", "a", "--grant=b", "x"}).values("--grant"), ElementsAre("a", "b"));
}

TEST(Arguments, HelpNeedsNoOperands) {
  EXPECT_TRUE(good({"show", "--help"}).has("--help"));
  EXPECT_TRUE(good({"state", "-h"}).has("-h"));
  EXPECT_EQ(good({}).command, nullptr);
}

TEST(Arguments, NumbersAreWholeAndInRange) {
  EXPECT_EQ(*parse_number("10", "n", 1, 10), 10u);
  for (const char* text : {"", "-1", "+1", "1.5", "0x1", " 1", "1 ", "11", "0", "99999999999999999999"})
    EXPECT_FALSE(parse_number(text, "n", 1, 10)) << text;
}

TEST(Arguments, EveryOptionOfEveryCommandIsKnownToTheParser) {
  for (const CommandWord& c : commands())
    for (const OptionWord& o : c.options)
      EXPECT_EQ(find_option(c, o.name), &o) << c.name << " " << o.name << " stands twice";
}

TEST(Arguments, FormIsKnownEvenWhenTheRestIsWrong) {
  EXPECT_EQ(form_of(Words{"run", "--wrong", "--json"}), Form::document);
  EXPECT_EQ(form_of(Words{"run", "--json=lines"}), Form::lines);
  EXPECT_EQ(form_of(Words{"run", "--", "--json"}), Form::text);
}

}  // namespace
}  // namespace writ::cli
