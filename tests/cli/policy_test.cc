// Policies at the command line: put over real tasks, explained, tested, replayed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* limits_size = R"(policy P {
  rule small { forall e: StateWrite where e.resource like "orders/**" { e.size <= 8.B } }
  rule no_passwords severity High { forall e: FileRead { !(e.resource like "/etc/passwd") } }
  rule no_hosts severity Critical { forall e: FileRead where e.resource == "/etc/hosts" { false } }
})";

TEST(Policy, ARuleRefusesWhatTheGrantAllowsAndWhyNamesFileAndLine) {
  const Place p;
  p.file("p.policy", limits_size);
  const Ended e = p.probe({"put", "orders/1", "0123456789"}, {"--policy", "p.policy", "--grant", "state.write:orders/"});
  EXPECT_EQ(e.status, 3) << e.err;
  EXPECT_THAT(e.last_line(), HasSubstr("1 denied"));
  const Ended why = p.run({"why", "@"});
  EXPECT_THAT(why.out, HasSubstr("denied by: policy rule P.small at p.policy:2; severity Medium, response restrict"));
  EXPECT_THAT(why.out, Not(HasSubstr("--grant"))) << "no grant helps against a policy";
  EXPECT_EQ(p.probe({"put", "orders/1", "01234567"}, {"--policy", "p.policy", "--grant", "state.write:orders/"}).status, 0);
  EXPECT_EQ(p.probe({"put", "orders/1", "0123456789"}, {"--grant", "state.write:orders/"}).status, 0) << "without the policy";
  const auto denials = p.document({"why", "@3"})["denials"];
  ASSERT_EQ(denials.size(), 1u);
  EXPECT_THAT(denials[0]["by"].get<std::string>(), HasSubstr("P.small at p.policy:2"));
}

TEST(Policy, TheReceiptNamesThePolicyAndStillVerifies) {
  const Place p;
  p.file("p.policy", limits_size);
  ASSERT_EQ(
      p.probe({"put", "orders/1", "1"}, {"--policy", "p.policy", "--grant", "state.write:orders/", "--receipt", "r.json"}).status,
      0);
  const auto checked = p.document({"policy", "check", "p.policy"});
  EXPECT_THAT(read_all(p.work() + "/r.json"), HasSubstr(checked["sha256"].get<std::string>()));
  EXPECT_EQ(p.run({"verify", "r.json"}).status, 1) << "untrusted";
  EXPECT_EQ(p.run({"verify", "@"}).status, 0);
  EXPECT_EQ(p.run({"audit"}).status, 0);
}

TEST(Policy, IsolationEndsTheTaskAndKeepsItsMemory) {
  const Place p;
  p.file("p.policy", limits_size);
  const Ended e = p.probe({"putget", "orders/1", "1", "/etc/passwd"},
                          {"--policy", "p.policy", "--grant", "state.write:orders/", "--grant", "file.read:/etc/"});
  EXPECT_EQ(e.status, 77) << e.err;
  EXPECT_EQ(p.document({"state", "ls"})["objects"].size(), 0u) << "nothing of it is committed";
  const auto shown = p.document({"show", "@"});
  EXPECT_THAT(shown.dump(), HasSubstr("isolated by rule P.no_passwords at p.policy:3; severity High, response isolate"));
  const std::string kept = p.store() + "/isolated/" + shown["task"].get<std::string>() + ".memory";
  struct stat found {};
  ASSERT_EQ(::stat(kept.c_str(), &found), 0) << kept;
  EXPECT_EQ(found.st_mode & 0777, 0600u);
  EXPECT_THAT(read_all(kept), HasSubstr("/etc/passwd")) << "the guest's own argument is in its memory";
}

TEST(Policy, TerminationEndsTheTaskAndKeepsNothing) {
  const Place p;
  p.file("p.policy", limits_size);
  const Ended e = p.probe({"get", "/etc/hosts"}, {"--policy", "p.policy", "--grant", "file.read:/etc/"});
  EXPECT_EQ(e.status, 77) << e.err;
  EXPECT_THAT(p.run({"show", "@"}).out, HasSubstr("terminated by rule P.no_hosts at p.policy:4"));
  EXPECT_FALSE(std::filesystem::exists(p.store() + "/isolated"));
}

TEST(Policy, AGrantOfWhichNothingCouldPassIsRefusedAtAdmission) {
  const Place p;
  p.file("p.policy", "policy P { rule none { forall e: env { false } } }");
  const Ended e = p.probe({"hello"}, {"--policy", "p.policy", "--env", "HOME"});
  EXPECT_EQ(e.status, 77);
  EXPECT_THAT(e.err, HasSubstr("rule P.none at p.policy:1 lets no effect of the grant env:HOME pass"));
  EXPECT_EQ(p.document({"tasks"})["tasks"].size(), 0u) << "nothing ran";
}

TEST(Policy, GaugesBecomeTheTasksLimits) {
  const Place p;
  p.file("p.policy",
         "policy P { rule r { forall c: Component { c.memory_usage <= 64.MiB && c.run_time <= 200.ms && c.effects <= 5 } } }");
  EXPECT_EQ(p.probe({"loop"}, {"--policy", "p.policy"}).status, 124);
  p.file("q.policy", "policy Q { rule r { forall c: Component { c.memory_usage <= 64.KiB } } }");
  EXPECT_EQ(p.probe({"hello"}, {"--policy", "q.policy"}).status, 137) << "less memory than it starts with";
}

TEST(Policy, SeveralPoliciesHoldAtOnce) {
  const Place p;
  p.file("a.policy", "policy A { rule r { forall e: StateWrite where e.resource == \"a\" { e.size < 1.B } } }");
  p.file("b.policy", "policy B { rule r { forall e: StateWrite where e.resource == \"b\" { e.size < 1.B } } }");
  const Words both{"--policy", "a.policy", "--policy", "b.policy", "--grant", "state.write:/"};
  EXPECT_EQ(p.probe({"put", "a", "x"}, both).status, 3);
  EXPECT_EQ(p.probe({"put", "b", "x"}, both).status, 3);
  EXPECT_EQ(p.probe({"put", "c", "x"}, both).status, 0);
}

TEST(Policy, AFileThatIsWrongRunsNothing) {
  const Place p;
  p.file("p.policy", "policy P {\n  rule r { forall e: StateWrit { e.size < 1.B } }\n}");
  const Ended e = p.probe({"hello"}, {"--policy", "p.policy"});
  EXPECT_EQ(e.status, 65);
  EXPECT_THAT(e.err, HasSubstr("p.policy:2:22"));
  EXPECT_THAT(e.err, HasSubstr("did you mean `StateWrite`?"));
  EXPECT_EQ(p.probe({"hello"}, {"--policy", "nothing.policy"}).status, 65);
  const Ended check = p.run({"policy", "check", "p.policy"});
  EXPECT_EQ(check.status, 65);
  EXPECT_THAT(check.out, HasSubstr("^^^^^^^^^"));
}

TEST(Policy, ExplainShowsWhichRuleDecides) {
  const Place p;
  p.file("p.policy", limits_size);
  const Ended no = p.run({"policy", "explain", "--policy", "p.policy", "--size", "1KB", "state.write:orders/1"});
  EXPECT_EQ(no.status, 0) << no.err;
  EXPECT_THAT(no.out, HasSubstr("denied"));
  EXPECT_THAT(no.out, HasSubstr("refused by: rule P.small at p.policy:2"));
  const Ended yes = p.run({"policy", "explain", "--policy", "p.policy", "state.write:other"});
  EXPECT_THAT(yes.out, HasSubstr("allowed"));
  EXPECT_THAT(yes.out, HasSubstr("no rule is about it"));
  EXPECT_THAT(p.run({"policy", "explain", "--policy", "p.policy", "--grant", "env:HOME", "state.write:other"}).out,
              HasSubstr("no capability"));
  EXPECT_EQ(p.run({"policy", "explain", "state.write:other"}).status, 64);
  EXPECT_EQ(p.run({"policy", "explain", "--policy", "p.policy", "state.wrote:other"}).status, 64);
}

TEST(Policy, TestRunsTheCasesInTheFile) {
  const Place p;
  EXPECT_EQ(p.run({"policy", "test", WRIT_SOURCE_DIR "/examples/policy/payments.policy"}).status, 0);
  p.file("p.policy",
         "policy P { rule r { forall e: StateRead { e.size < 1.B } }\n test \"t\" {\n allow \"state.read:a\" with size = 1.B;\n "
         "deny \"state.read:b\" with size = 1.B by r; } }");
  const Ended e = p.run({"policy", "test", "p.policy"});
  EXPECT_EQ(e.status, 1);
  EXPECT_THAT(e.out, HasSubstr("p.policy:3: t: allow state.read a, but it is denied by r"));
  EXPECT_THAT(e.out, HasSubstr("1 case of 2 hold"));
}

TEST(Policy, ReplayTellsWhatWouldChange) {
  const Place p;
  p.file("old.policy", limits_size);
  ASSERT_EQ(p.probe({"put", "orders/1", "0123456789"}, {"--policy", "old.policy", "--grant", "state.write:orders/"}).status, 3);
  ASSERT_EQ(p.probe({"put", "orders/2", "123"}, {"--grant", "state.write:orders/"}).status, 0);
  EXPECT_EQ(p.run({"policy", "replay", "--against", "old.policy"}).status, 0);
  p.file("new.policy", "policy N { rule r { forall e: StateWrite where e.resource like \"orders/2\" { e.size < 2.B } } }");
  const Ended e = p.run({"policy", "replay", "--against", "new.policy"});
  EXPECT_EQ(e.status, 1) << e.err;
  EXPECT_THAT(e.out, HasSubstr("state.write orders/2: allowed then, refused now"));
  EXPECT_THAT(e.out, HasSubstr("rule N.r at new.policy:1"));
  EXPECT_THAT(e.out, HasSubstr("state.write orders/1: refused then, allowed now"));
}

TEST(Policy, ACommitIsBoundedAsAWhole) {
  const Place p;
  p.file("p.policy", "policy P { rule whole { forall c: Component { c.commit_changes <= 1 && c.commit_bytes <= 12.B } } }");
  const Words options{"--policy", "p.policy", "--grant", "state.write:/", "--grant", "state.read:/"};
  EXPECT_EQ(p.probe({"put", "a", "0123456789"}, options).status, 0);
  const Ended e = p.probe({"put", "b", "0123456789abc"}, options);
  EXPECT_EQ(e.status, 77) << e.err;
  EXPECT_THAT(e.err, HasSubstr("the commit as a whole is refused by a policy: rule P.whole at p.policy:1: 13 bytes in one commit"));
  EXPECT_EQ(p.document({"show", "@"})["committed"], false);
  EXPECT_EQ(p.document({"state", "ls"})["objects"].size(), 1u);
  const Ended two = p.run({"run", "--policy", "p.policy", "--effect=a.pay", "--grant", "a.pay:*", WRIT_PAY, "a.pay:x", "a.pay:x", "a.pay:x"});
  EXPECT_EQ(two.status, 0) << "one resource is one change: " << two.err;
  EXPECT_EQ(p.run({"run", "--policy", "p.policy", "--effect=a.pay", "--grant", "a.pay:*", WRIT_PAY, "a.pay:x", "a.pay:y"}).status, 77);
}

TEST(Policy, StagedWorkIsAskedAgainAtItsCommit) {
  const Place p;
  const auto stage = [&](const char* object, const char* text) {
    ASSERT_EQ(p.probe({"put", object, text}, {"--stage", "--label", "team=a", "--grant", "state.write:/"}).status, 0);
  };
  p.file("small.policy", "policy S { rule small { forall e: StateWrite where e.resource like \"orders/**\" { e.size <= 4.B } } }");
  p.file("whole.policy", "policy W { rule whole { forall c: Component { c.commit_bytes <= 4.B } } }");
  p.file("team.policy", "policy T { rule team { forall c: Component { c.has_label(\"team=b\") } } }");
  stage("orders/1", "0123456789");
  const Ended no = p.run({"commit", "@", "--policy", "small.policy"});
  EXPECT_EQ(no.status, 77) << no.err;
  EXPECT_THAT(no.err, HasSubstr("rule S.small at small.policy:1"));
  EXPECT_THAT(p.run({"commit", "@", "--policy", "whole.policy"}).err, HasSubstr("10 bytes in one commit"));
  EXPECT_THAT(p.run({"commit", "@", "--policy", "team.policy"}).err, HasSubstr("rule T.team"));
  EXPECT_EQ(p.run({"commit", "@", "--policy", "none.policy"}).status, 65);
  EXPECT_EQ(p.document({"show", "@"})["state"], "staged") << "it waits for its operator still";
  EXPECT_EQ(p.document({"state", "ls"})["objects"].size(), 0u);
  EXPECT_EQ(p.run({"commit", "@"}).status, 0);
  stage("notes/1", "0123456789");
  EXPECT_EQ(p.run({"commit", "@", "--policy", "small.policy"}).status, 0) << "the policy is not about it";
}

TEST(Policy, TheOperatorsOwnWritesAreEffectsLikeOthers) {
  const Place p;
  p.file("p.policy", "policy P { rule small { forall e: StateWrite where e.resource like \"orders/**\" { e.size <= 4.B } } }");
  p.file("small", "1234");
  p.file("large", "12345");
  EXPECT_EQ(p.run({"state", "put", "orders/1", "small", "--policy", "p.policy"}).status, 0);
  const Ended no = p.run({"state", "put", "orders/1", "large", "--policy", "p.policy"});
  EXPECT_EQ(no.status, 77) << no.err;
  EXPECT_THAT(p.run({"why", "@"}).out, HasSubstr("policy rule P.small at p.policy:1"));
  EXPECT_EQ(p.run({"state", "get", "orders/1"}).out, "1234");
  EXPECT_EQ(p.run({"state", "put", "other", "large", "--policy", "p.policy"}).status, 0);
  p.file("none.policy", "policy N { rule none { forall e: StateWrite { e.size > 0.B } } }");
  EXPECT_EQ(p.run({"state", "rm", "other", "--policy", "none.policy"}).status, 77) << "what is removed has no size";
  std::filesystem::create_directory(p.work() + "/tree");
  p.file("tree/other", "123456");
  EXPECT_EQ(p.run({"state", "import", "tree", "--policy", "p.policy"}).status, 0);
  std::filesystem::create_directory(p.work() + "/tree/orders");
  p.file("tree/orders/1", "123456");
  EXPECT_EQ(p.run({"state", "import", "tree", "--policy", "p.policy"}).status, 77);
  EXPECT_EQ(p.run({"state", "put", "orders/1", "large"}).status, 0) << "without a policy";
  EXPECT_EQ(p.run({"audit"}).status, 0);
}

TEST(Policy, ThePaymentPolicyHoldsForARealTask) {
  const Place p;
  const std::string policy = WRIT_SOURCE_DIR "/examples/policy/payments.policy";
  const auto pay = [&](Words effects, const char* grant) {
    Words words{"run", "--policy", policy, "--label", "role=payments", "--grant", grant, WRIT_PAY};
    words.insert(words.end(), effects.begin(), effects.end());
    return p.run(std::move(words));
  };
  const char* bounded = "payments.charge:*,amount=100.00";
  const Ended paid = pay({"payments.charge:acme,amount=99.95,fee=1", "payments.charge:globex,amount=20,fee=1"}, bounded);
  EXPECT_EQ(paid.status, 0) << paid.err;
  const auto journal = p.document({"show", "@"})["journal"];
  ASSERT_EQ(journal.size(), 2u);
  EXPECT_EQ(journal[0]["effect"], "payments.charge");
  EXPECT_EQ(journal[0]["resource"], "acme");
  EXPECT_EQ(journal[0]["fields"], (Json{{"amount", "99.95"}, {"fee", "1"}}));
  EXPECT_EQ(journal[0]["verdict"], "allowed");

  EXPECT_EQ(pay({"payments.charge:acme,amount=100.01,fee=1"}, bounded).status, 3) << "more than the grant";
  EXPECT_THAT(p.run({"why", "@"}).out, HasSubstr("--effect payments.charge:amount,fee --grant 'payments.charge:*,amount=100.01,fee=any'"));
  EXPECT_EQ(pay({"payments.charge:acme,amount=5,fee=9"}, bounded).status, 3) << "a fee: on record, and nothing else";
  EXPECT_THAT(p.run({"why", "@"}).out, HasSubstr("rule Payments.fees"));
  EXPECT_EQ(pay({"payments.charge:evil,amount=1,fee=1"}, bounded).status, 77) << "not verified: isolated";
  EXPECT_EQ(p.document({"show", "@"})["committed"], false);
  EXPECT_EQ(pay({"payments.charge:acme,amount=1,fee=0"}, "payments.charge:acme").status, 77) << "an unbounded grant lets nothing pass";
  EXPECT_EQ(pay({"payments.notify:mail.acme.example", "payments.notify:mail.evil.example"}, "payments.notify:*").status, 3);
  EXPECT_THAT(p.run({"why", "@"}).out, HasSubstr("rule Payments.effect_monitoring"));
  EXPECT_EQ(p.probe({"get", "ledger/1"}, {"--policy", policy, "--grant", "state.read:/"}).status, 77) << "the ledger: terminated";
  EXPECT_EQ(p.run({"audit"}).status, 0);
}

}  // namespace
}  // namespace writ::cli_test
