#include "writ/authority/policy/compile.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "writ/authority/policy/admission.h"
#include "writ/authority/policy/lexer.h"
#include "writ/authority/policy/trial.h"

namespace writ::authority::policy {
namespace {

std::string in_policy(const std::string& items) { return "policy P {\n" + items + "\n}"; }
std::string rule(const std::string& forall) { return in_policy("rule r { forall " + forall + " }"); }

std::vector<Diagnostic> mistakes(const std::string& text) { return compile(text, "p.policy").diagnostics; }
std::string first_mistake(const std::string& text) {
  const auto all = mistakes(text);
  return all.empty() ? "" : all[0].what + "; " + all[0].hint;
}

TEST(PolicyCompile, TheExampleCompilesAndItsOwnCasesHold) {
  std::ifstream file(std::string(WRIT_SOURCE_DIR) + "/examples/policy/payments.policy");
  std::stringstream text;
  text << file.rdbuf();
  const auto compiled = compile(text.str(), "payments.policy");
  for (const auto& d : compiled.diagnostics) ADD_FAILURE() << render(d, text.str(), "payments.policy");
  ASSERT_TRUE(compiled.program);
  EXPECT_GE(compiled.cases.size(), 7u);
  for (const auto& c : compiled.cases) {
    const auto result = run_case(compiled.program, c);
    EXPECT_TRUE(result.holds) << c.test << ", line " << c.line << ": " << result.got;
  }
}

TEST(PolicyCompile, ACaseThatDoesNotHoldSaysSo) {
  const auto compiled = compile(
      in_policy("rule r { forall e: Effect { e.size <= 1.MB } } test \"t\" { allow \"state.read:a\" with size = 2.MB; }"), "p");
  ASSERT_TRUE(compiled.program);
  const auto result = run_case(compiled.program, compiled.cases.at(0));
  EXPECT_FALSE(result.holds);
  EXPECT_EQ(result.got, "denied by r");
}

TEST(PolicyCompile, MistakesHaveAPlaceACaretAndTheNearestWord) {
  const std::string text = "policy P {\n  rule r {\n    forall e: StateWrit { true == false }\n  }\n}";
  const auto all = mistakes(text);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(
      render(all[0], text, "p.policy"),
      "p.policy:3:15: no gate here enforces `StateWrit`: it is neither declared nor in the vocabulary of effects; did you mean "
      "`StateWrite`?\n      forall e: StateWrit { true == false }\n                ^^^^^^^^^");
  const auto range = range_of(all[0].at, text);
  EXPECT_EQ(range.start.line, 2u);
  EXPECT_EQ(range.start.character, 14u);
  EXPECT_EQ(range.end.character, 23u);
}

TEST(PolicyCompile, EditorRangesCountUtf16) {
  const std::string text =
      "policy P { rule r { forall e: Effect { e.resource == \"\xf0\x9f\x98\x80\xc3\xa4\" && e.sise < 1.MB } } }";
  const auto all = mistakes(text);
  ASSERT_EQ(all.size(), 1u);
  const auto range = range_of(all[0].at, text);
  EXPECT_EQ(range.end.character - range.start.character, 6u);             // e.sise
  EXPECT_EQ(range.start.character, text.find("e.sise") - 4 - 2 + 2 + 1);  // four and two bytes are two units and one
}

TEST(PolicyCompile, AllMistakesOfAFileAreTold) {
  EXPECT_EQ(
      mistakes(in_policy("rule a { forall e: Effect { e.foo } }\nrule b { forall e }\nrule c { forall e: Effect { 1 } }")).size(),
      3u);
}

TEST(PolicyCompile, WhatCannotBeEnforcedIsRefused) {
  EXPECT_NE(first_mistake(rule("e: NetworkEffect { true == false }")).find("no gate here enforces `NetworkEffect`"),
            std::string::npos);
  EXPECT_NE(first_mistake(rule("c: Component { c.cpu_usage <= 50.percent() }")).find("cannot be enforced here"),
            std::string::npos);
  EXPECT_NE(first_mistake(rule("c: Component { c.network_bandwidth <= 10.MBps }")).find("cannot be enforced here"),
            std::string::npos);
  EXPECT_NE(first_mistake(rule("c: Component { c.memory_usage >= 1.MB }")).find("only be bounded from above"), std::string::npos);
  EXPECT_NE(first_mistake(rule("c: Component { c.memory_usage <= 1.MB || c.name == \"x\" }")).find("is a gauge"),
            std::string::npos);
  EXPECT_NE(first_mistake(rule("c: Component { c.effect_count < 5 }")).find("judged when it is admitted"), std::string::npos);
  EXPECT_NE(first_mistake(rule("e: StateRead { component.memory_usage <= 1.MB }")).find("is a gauge"), std::string::npos);
  EXPECT_NE(first_mistake(rule("c: Component { c.memory_usage < 1.B }")).find("no task could run"), std::string::npos);
}

TEST(PolicyCompile, ARuleThatCanNeverMatchIsRefused) {
  for (const char* r :
       {"e: StateWrite where e.kind == \"state.read\" { e.size < 1.MB }", "e: Effect where false { e.size < 1.MB }",
        "e: Effect where e.size < 1.MB && e.size > 2.MB { e.bytes < 1.B }", "e: Effect where e.size < 0.B { e.bytes < 1.B }",
        "e: Effect where e.resource == \"a\" && e.resource == \"b\" { e.bytes < 1.B }",
        "e: StateRead where e.nature == \"staged\" { e.size < 1.MB }"})
    EXPECT_NE(first_mistake(rule(r)).find("can never match"), std::string::npos) << r << ": " << first_mistake(rule(r));
  EXPECT_NE(
      first_mistake(rule("e: StateRead { e.resource like \"/etc/passwd\" }")).find("no resource of state.read is ever like this"),
      std::string::npos);
  EXPECT_NE(
      first_mistake(rule("e: FileRead { e.resource like \"etc/passwd\" }")).find("no resource of file.read is ever like this"),
      std::string::npos);
  EXPECT_NE(first_mistake(rule("e: ClockReal { e.resource like \"x\" }")).find("ever like this"), std::string::npos);
}

TEST(PolicyCompile, ARuleThatNeverRefusesOrAlwaysFailsIsRefused) {
  EXPECT_NE(first_mistake(rule("e: Effect { true }")).find("never refuses"), std::string::npos);
  EXPECT_NE(first_mistake(rule("e: StateRead { e.nature == \"read\" }")).find("never refuses"), std::string::npos);
  EXPECT_NE(first_mistake(rule("e: Effect { 1 / 0 == 1 }")).find("always fails"), std::string::npos);
  EXPECT_TRUE(mistakes(rule("e: Effect { false }")).empty()) << "to forbid everything is a policy";
}

TEST(PolicyCompile, WordsOfTheVocabularyAreChecked) {
  EXPECT_NE(first_mistake(rule("e: Effect { e.kind != \"state.raed\" }")).find("did you mean `state.read`"), std::string::npos);
  EXPECT_NE(
      first_mistake(rule("e: Effect { e.kind in [\"state.read\", \"nothing\"] }")).find("no kind of an effect is `nothing`"),
      std::string::npos);
  EXPECT_NE(first_mistake(rule("e: Effect { e.size <= 10.MBB }")).find("did you mean `MB`"), std::string::npos);
  EXPECT_NE(first_mistake(rule("e: Effect { e.siz <= 10.MB }")).find("did you mean `size`"), std::string::npos);
  EXPECT_NE(first_mistake(rule("e: Effect { e.resource.start_with(\"a\") }")).find("did you mean `starts_with`"),
            std::string::npos);
  EXPECT_NE(first_mistake(rule("e: Effect { capability.bounds(\"max_sise\") }")).find("did you mean `max_size`"),
            std::string::npos);
  EXPECT_NE(first_mistake(in_policy("rule r severity Hihg { forall e: Effect { e.size < 1.MB } }")).find("did you mean `High`"),
            std::string::npos);
}

TEST(PolicyCompile, TypesDoNotMix) {
  for (const char* body : {"e.size <= 5", "e.size <= 5.seconds", "e.resource < \"a\"", "e.size", "!e.size", "e.size in [\"a\"]",
                           "e && true", "e.resource + \"x\" == \"y\"", "e.size * e.size < 1.MB", "\"a\" in [1, 2]", "1 < 2 < 3"})
    EXPECT_FALSE(mistakes(rule(std::string("e: Effect { ") + body + " }")).empty()) << body;
  for (const char* body : {"e.size * 2 <= 5.KB", "e.size / e.bytes < 3", "e.size + 1.KiB - 3.B < 2 * 1.MB || e.size < 1.B",
                           "-1 < component.effect_count && e.size % 7.B == 0.B"})
    EXPECT_EQ(
        first_mistake(rule(std::string("e: Effect { ") + body + " }")),
        body == std::string_view("e.size + 1.KiB - 3.B < 2 * 1.MB || e.size < 1.B") ? "a Number * a Size has no meaning; " : "")
        << body;
}

TEST(PolicyCompile, DeclarationsAreCheckedToo) {
  EXPECT_FALSE(mistakes(in_policy("set effect = [1]; rule r { forall e: Effect { e.size < 1.MB } }")).empty());
  EXPECT_FALSE(mistakes(in_policy("set a = [1]; set a = [2]; rule r { forall e: Effect { e.size < 1.MB } }")).empty());
  EXPECT_FALSE(
      mistakes(
          in_policy(
              "predicate p(x: Text) = q(x); predicate q(x: Text) = x == \"a\"; rule r { forall e: Effect { e.resource.p() } }"))
          .empty());
  EXPECT_FALSE(mistakes(in_policy("predicate p(x: Text) = p(x); rule r { forall e: Effect { e.resource.p() } }")).empty())
      << "no recursion";
  EXPECT_FALSE(
      mistakes(in_policy("capability C = \"state.write:a,uses=3\"; rule r { forall e: Effect { e.requires_capability(C) } }"))
          .empty());
  EXPECT_FALSE(
      mistakes(in_policy("capability C = \"env:HOME\"; rule r { forall e: StateRead { e.requires_capability(C) } }")).empty());
  EXPECT_TRUE(
      mistakes(in_policy("predicate small(e: Effect) = e.size < 1.MB; rule r { forall e: Effect { e.small() } }")).empty());
}

TEST(PolicyCompile, PredicatesThatMultiplyAreBounded) {
  std::string text = "predicate p0(x: Size) = x < 1.MB;\n";
  for (int i = 1; i < 40; ++i)
    text += "predicate p" + std::to_string(i) + "(x: Size) = p" + std::to_string(i - 1) + "(x) && p" + std::to_string(i - 1) +
            "(x);\n";
  EXPECT_NE(first_mistake(in_policy(text + "rule r { forall e: Effect { p39(e.size) } }")).find("too long"), std::string::npos);
}

TEST(PolicyCompile, AnAnswerNamesEverySeverity) {
  const std::string r = "rule r { forall e: Effect { e.size < 1.MB } }\n";
  EXPECT_NE(first_mistake(in_policy(r + "rule a { on v: SecurityViolation { match v.severity { Low => log() } } }"))
                .find("is not answered"),
            std::string::npos);
  EXPECT_TRUE(
      mistakes(in_policy(r + "rule a { on v: SecurityViolation { match v.severity { Low => log(), _ => terminate() } } }"))
          .empty());
  EXPECT_NE(first_mistake(in_policy(r + "rule a { on v: SecurityViolation { match v.severity { _ => terminat() } } }"))
                .find("did you mean `terminate`"),
            std::string::npos);
}

TEST(PolicyCompile, StrangeFilesAreRefusedWithAPlace) {
  using namespace std::string_literals;
  for (const auto& text :
       {""s, " \n\t// nothing\n"s, "policy P {"s, "policy"s, "\0"s,
        "policy P { rule r { forall e: Effect { e.size < 1.MB } } } \0"s, "policy P { /* }"s,
        "policy P { rule r { forall e: Effect { \"a } } }"s, "\xff\xfe"s, "policy P\xc3 {}"s, "policy P { \xe2\x80\xae }"s,
        "policy P { rule r { forall e: Effect { e.size < 99999999999999999999.B } } }"s,
        "policy P { rule r { forall e: Effect { e.size < 9999999999999.GB } } }"s, std::string(largest_policy.value() + 1, ' ')}) {
    const auto all = mistakes(text);
    ASSERT_FALSE(all.empty()) << text.substr(0, 40);
    EXPECT_TRUE(render(all[0], text, "p").starts_with("p:"));
  }
}

TEST(PolicyCompile, CrlfAndAMarkAtTheBeginningAreTaken) {
  EXPECT_TRUE(mistakes("\xef\xbb\xbfpolicy P {\r\nrule r {\r\nforall e: Effect { e.size < 1.MB } }\r\n}\r\n").empty());
}

TEST(PolicyCompile, DeepAndLongIsBoundedNotFatal) {
  const auto deep = [](std::size_t n) {
    return rule("e: Effect { " + std::string(n, '(') + "e.size < 1.MB" + std::string(n, ')') + " }");
  };
  EXPECT_TRUE(mistakes(deep(60)).empty());
  EXPECT_FALSE(mistakes(deep(100'000)).empty());
  EXPECT_FALSE(mistakes(rule("e: Effect { " + std::string(100'000, '!') + "true }")).empty());
  EXPECT_FALSE(mistakes(std::string(100'000, '{')).empty());
  std::string sum = "1.B", many = "e.size < 1.MB";
  for (int i = 0; i < 1000; ++i) sum += " + 1.B", many += " && e.size < 1.MB";
  EXPECT_FALSE(mistakes(rule("e: Effect { e.size < " + sum + " }")).empty());
  EXPECT_TRUE(mistakes(rule("e: Effect { " + many + " }")).empty()) << "a chain is not deep";
}

TEST(PolicyCompile, TwoThousandRulesCompile) {
  std::string rules;
  for (int i = 0; i < 2000; ++i)
    rules +=
        fmt::format("rule r{0} {{ forall e: StateWrite where e.resource like \"t{0}/**\" {{ e.size <= {1}.KB }} }}\n", i, i + 1);
  const auto compiled = compile(in_policy(rules), "p");
  ASSERT_TRUE(compiled.program);
  EXPECT_EQ(compiled.program->effect_rules.size(), 2000u);
}

TEST(PolicyCompile, TheLanguagesPageNamesEveryWord) {
  std::ifstream file(std::string(WRIT_SOURCE_DIR) + "/docs/policy-language.md");
  std::stringstream page;
  page << file.rdbuf();
  for (const auto& a : attributes()) EXPECT_NE(page.str().find(a.name), std::string::npos) << a.name;
  for (const auto& g : gauges()) EXPECT_NE(page.str().find("`" + std::string(g.name) + "`"), std::string::npos) << g.name;
  for (const auto& p : built_ins()) EXPECT_NE(page.str().find(p.name), std::string::npos) << p.name;
  for (const auto& t : value_type_names()) EXPECT_NE(page.str().find(t), std::string::npos) << t;
}

TEST(PolicyAdmission, GaugesBecomeTheTightestCeilings) {
  const auto program = load(in_policy("rule a { forall c: Component { c.memory_usage <= 100.MB && c.run_time < 5.seconds } }\n"
                                      "rule b { forall c: Component where c.has_label(\"team=a\") { 50.MB >= c.memory_usage } }"),
                            "p");
  ASSERT_TRUE(program) << program.error().text();
  EXPECT_EQ(ceilings(**program, {}).memory, 100'000'000);
  EXPECT_EQ(ceilings(**program, {"", "", "", "", {"team=a"}}).memory, 50'000'000);
  EXPECT_EQ(ceilings(**program, {}).run_time, 4'999'999'999);
  EXPECT_FALSE(ceilings(**program, {}).stack);
}

TEST(PolicyAdmission, GrantsOfWhichNothingCouldPassAreRefusedOutright) {
  const auto program = load(
      in_policy("rule no_env { forall e: env { false } }\n"
                "rule ledger { forall e: StateWrite { !(e.resource like \"ledger/**\") && capability.bounds(\"max_size\") } }\n"
                "rule keys { forall c: Component { c.fence != \"page\" } }"),
      "p.policy");
  ASSERT_TRUE(program) << program.error().text();
  const auto refused = [&](const char* grant, const char* fence = "key") {
    const std::vector<Grant> grants{*parse_grant(grant, "/", WallTime{})};
    return refusals(**program, {"", "", "", fence, {}}, grants);
  };
  EXPECT_EQ(refused("env:HOME").size(), 1u);
  EXPECT_NE(refused("env:HOME").at(0).find("rule P.no_env at p.policy:2"), std::string::npos);
  EXPECT_EQ(refused("env:*").size(), 1u);
  EXPECT_EQ(refused("state.write:ledger/1,max_size=1MB").size(), 1u);
  EXPECT_EQ(refused("state.write:orders/1").size(), 1u) << "the capability has no bound, whatever the resource";
  EXPECT_EQ(refused("state.write:orders/1,max_size=1MB").size(), 0u);
  EXPECT_EQ(refused("state.write:*,max_size=1MB").size(), 0u) << "some of it may pass";
  EXPECT_EQ(refused("state.read:ledger/1").size(), 0u);
  EXPECT_EQ(refused("state.read:x", "page").size(), 1u);
}

}  // namespace
}  // namespace writ::authority::policy
