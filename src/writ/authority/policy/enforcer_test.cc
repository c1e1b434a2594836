#include "writ/authority/policy/enforcer.h"

#include <gtest/gtest.h>

#include "writ/authority/policy/compile.h"

namespace writ::authority::policy {
namespace {

using effect::Effect;
using effect::Kind;

class StepClock final : public Clock {
 public:
  WallTime wall() const override { return {}; }
  Nanoseconds monotonic() const override { return now; }
  Nanoseconds now{1};
};

std::shared_ptr<const Program> program(const std::string& items) {
  auto p = load("policy P {\n" + items + "\n}", "p.policy");
  EXPECT_TRUE(p) << p.error().text();
  return p ? *p : nullptr;
}

struct Fixture {
  explicit Fixture(const std::string& items, std::vector<CapabilityFacts> capabilities = {{"/", {}}})
      : enforcer(program(items), {"job", "job.wasm", "", "page", {"team=a"}}, std::move(capabilities), clock) {}
  std::vector<Violation> refuse(const Effect& e, Counts counts = {}) {
    const auto v = enforcer.decide(e, 0, counts);
    return {v.begin(), v.end()};
  }
  bool allows(const Effect& e, Counts counts = {}) { return refuse(e, counts).empty(); }
  std::string by(const Effect& e) { return enforcer.respond(refuse(e)).by; }
  StepClock clock;
  Enforcer enforcer;
};

TEST(PolicyEnforcer, FixedAndVaryingPartsDecideTogether) {
  Fixture f("rule r { forall e: StateWrite where e.resource like \"orders/**\" { e.size <= 1.KB } }");
  EXPECT_TRUE(f.allows({Kind::state_write, "orders/1", 0, 1000}));
  EXPECT_FALSE(f.allows({Kind::state_write, "orders/1", 0, 1001}));
  EXPECT_TRUE(f.allows({Kind::state_write, "other/1", 0, 1001}));
  EXPECT_TRUE(f.allows({Kind::state_read, "orders/1", 0, 1001}));
  EXPECT_FALSE(f.allows({Kind::state_write, "orders/", 0, 1001})) << "the folder itself";
}

TEST(PolicyEnforcer, APatternOfAnyDepthPassesNoFormOfResourceBy) {
  Fixture all("rule r { forall e: Effect where e.resource like \"**\" { false } }");
  EXPECT_FALSE(all.allows({Kind::state_write, "orders/1"}));
  EXPECT_FALSE(all.allows({Kind::file_read, "/etc/passwd"}));
  EXPECT_FALSE(all.allows({Kind::env, "HOME"}));
  Fixture keys("rule r { forall e: Effect where e.resource like \"**/.ssh/**\" { false } }");
  EXPECT_FALSE(keys.allows({Kind::file_read, "/srv/a/.ssh/id"}));
  EXPECT_FALSE(keys.allows({Kind::state_read, "a/.ssh/id"}));
  EXPECT_TRUE(keys.allows({Kind::file_read, "/srv/a/ssh"}));
}

TEST(PolicyEnforcer, DenyWinsAndEveryRuleThatRefusesIsNamed) {
  Fixture f(
      "rule a { forall e: Effect { e.size < 10.B } }\nrule b { forall e: Effect { e.bytes < 10.B } }\nrule c { forall e: Effect "
      "{ e.size < 1.MB } }");
  EXPECT_EQ(f.refuse({Kind::state_read, "x", 10, 10}).size(), 2u);
  EXPECT_EQ(f.by({Kind::state_read, "x", 10, 10}),
            "rule P.a at p.policy:2 and rule P.b at p.policy:3; severity Medium, response restrict");
}

TEST(PolicyEnforcer, AnExpressionThatFailsDeniesAndSaysSo) {
  Fixture missing("rule r { forall e: StateWrite { capability.max_size <= 1.KB } }");
  EXPECT_NE(missing.by({Kind::state_write, "x", 0, 0}).find("its expression failed: an attribute is not there"),
            std::string::npos);
  Fixture zero("rule r { forall e: StateRead { e.bytes / e.size < 5 } }");
  EXPECT_TRUE(zero.allows({Kind::state_read, "x", 4, 1}));
  EXPECT_NE(zero.by({Kind::state_read, "x", 4, 0}).find("its expression failed: division by zero"), std::string::npos);
  Fixture large("rule r { forall e: StateRead { e.size * 1000 < 1.TB } }");
  EXPECT_NE(large.by({Kind::state_read, "x", 0, UINT64_MAX}).find("does not fit"), std::string::npos);
  Fixture negated("rule r { forall e: StateRead { !(e.bytes / e.size > 5) } }");
  EXPECT_FALSE(negated.allows({Kind::state_read, "x", 4, 0})) << "a negation does not turn a failure into permission";
  Fixture elsewhere("rule r { forall e: StateRead where e.bytes / e.size > 5 && e.resource like \"orders/**\" { false } }");
  EXPECT_FALSE(elsewhere.allows({Kind::state_read, "x", 4, 0})) << "also of a resource that a later part would rule out";
  Fixture ruled_out("rule r { forall e: StateRead where e.resource like \"orders/**\" && e.bytes / e.size > 5 { false } }");
  EXPECT_TRUE(ruled_out.allows({Kind::state_read, "x", 4, 0})) << "an earlier part says that the rule is not about it";
  Fixture guard("rule r { forall e: StateRead where e.bytes / e.size > 5 { false } }");
  EXPECT_FALSE(guard.allows({Kind::state_read, "x", 4, 0})) << "nor does a condition that fails make the rule go away";
}

TEST(PolicyEnforcer, ChainsGoNoFurtherThanNeeded) {
  Fixture f("rule r { forall e: StateRead { e.size == 0.B || e.bytes / e.size < 5 } }");
  EXPECT_TRUE(f.allows({Kind::state_read, "x", 4, 0}));
  Fixture g("rule r { forall e: StateRead { capability.bounds(\"max_size\") && capability.max_size < e.size } }");
  EXPECT_EQ(g.refuse({Kind::state_read, "x", 4, 0}).at(0).failure, Failure::none);
}

TEST(PolicyEnforcer, TheCapabilityThatAllowsIsTheOneAsked) {
  Limits bounded;
  bounded.max_size = ByteCount(100);
  Fixture f("rule r { forall e: StateWrite { capability.bounds(\"max_size\") && capability.max_size <= 1.KB } }",
            {{"/", {}}, {"orders/", bounded}});
  EXPECT_FALSE(f.enforcer.decide({Kind::state_write, "orders/1", 0, 0}, 0, {}).empty());
  EXPECT_TRUE(f.enforcer.decide({Kind::state_write, "orders/1", 0, 0}, 1, {}).empty());
  EXPECT_FALSE(f.enforcer.decide({Kind::state_write, "orders/1", 0, 0}, 0, {}).empty())
      << "what is remembered is of one capability";
}

TEST(PolicyEnforcer, CountsOfTheComponentAreSeen) {
  Fixture f(
      "rule r { forall e: StateRead { component.effect_count < 10 && component.denied_count == 0 && "
      "component.has_label(\"team=a\") } }");
  EXPECT_TRUE(f.allows({Kind::state_read, "x", 0, 0}, {9, 0}));
  EXPECT_FALSE(f.allows({Kind::state_read, "x", 0, 0}, {10, 0}));
  EXPECT_FALSE(f.allows({Kind::state_read, "x", 0, 0}, {9, 1}));
}

TEST(PolicyEnforcer, RulesAreFoundByEveryWayToNameTheirResources) {
  Fixture f(
      "rule r { forall e: StateRead where e.resource in [\"a/b\", \"c/\"] { false } }\n"
      "rule s { forall e: StateRead where e.resource == \"d\" { false } }\n"
      "rule t { forall e: FileRead where e.resource like \"/etc/*.conf\" { false } }\n"
      "rule u { forall e: FileRead where e.resource like \"/**/id_rsa\" { false } }\n"
      "rule v { forall e: env where e.resource like \"AWS_*\" { false } }\n"
      "rule w { forall e: StateRead where e.resource like \"p%20q/**\" { false } }");
  for (const char* refused : {"a/b", "c/", "d", "p q/1"}) EXPECT_FALSE(f.allows({Kind::state_read, refused, 0, 0})) << refused;
  for (const char* allowed : {"a/b/c", "a/b/", "c", "c/d", "d/", "dd", "pq/1"})
    EXPECT_TRUE(f.allows({Kind::state_read, allowed, 0, 0})) << allowed;
  for (const char* refused : {"/etc/x.conf", "/id_rsa", "/home/me/id_rsa"})
    EXPECT_FALSE(f.allows({Kind::file_read, refused, 0, 0})) << refused;
  for (const char* allowed : {"/etc/x/y.conf", "/etc", "/home/me/id_rsb"})
    EXPECT_TRUE(f.allows({Kind::file_read, allowed, 0, 0})) << allowed;
  EXPECT_FALSE(f.allows({Kind::env, "AWS_KEY", 0, 0}));
}

TEST(PolicyEnforcer, RepeatsEscalateThroughAllFourResponses) {
  Fixture f("rule r severity Low { forall e: StateRead { false } }");
  const Effect e{Kind::state_read, "x", 0, 0};
  std::vector<Response> seen;
  for (int i = 0; i < 11; ++i) seen.push_back(f.enforcer.respond(f.refuse(e)).response);
  using enum Response;
  EXPECT_EQ(seen, (std::vector{log, log, log, restrict, restrict, restrict, isolate, isolate, isolate, terminate, terminate}));
}

TEST(PolicyEnforcer, ThePolicyNamesItsOwnResponses) {
  Fixture f(
      "rule r { forall e: StateRead { false } }\nrule a { on v: SecurityViolation { match v.severity { Medium => "
      "terminate_immediately(), _ => log() } } }");
  EXPECT_EQ(f.enforcer.respond(f.refuse({Kind::state_read, "x", 0, 0})).response, Response::terminate);
}

TEST(PolicyEnforcer, BandwidthIsATokenBucket) {
  Fixture f("rule r { forall c: Component { c.read_bandwidth <= 1.KBps } }");
  const Effect read{Kind::state_read, "x", 600, 0}, write{Kind::state_write, "x", 600, 0};
  ASSERT_TRUE(f.allows(read));
  f.enforcer.spend(read);
  ASSERT_TRUE(f.allows(read)) << "400 are left";
  f.enforcer.spend(read);
  EXPECT_FALSE(f.allows(read)) << "200 too many were taken";
  EXPECT_TRUE(f.allows(write)) << "another gauge";
  f.clock.now += std::chrono::milliseconds(200);
  EXPECT_FALSE(f.allows(read));
  f.clock.now += std::chrono::milliseconds(1);
  EXPECT_TRUE(f.allows(read));
  f.clock.now += std::chrono::hours(100);
  f.enforcer.spend({Kind::state_read, "x", 1000, 0});
  EXPECT_TRUE(f.allows(read)) << "refill is seen only when it is asked";
}

TEST(PolicyEnforcer, EffectRateIsATokenBucketOfEffects) {
  Fixture f("rule r { forall c: Component { c.effect_rate <= 2.per_second } }");
  const Effect e{Kind::state_read, "x", 0, 0};
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(f.allows(e));
    f.enforcer.spend(e);
  }
  EXPECT_FALSE(f.allows(e));
  f.clock.now += std::chrono::milliseconds(500);
  EXPECT_TRUE(f.allows(e));
}

TEST(PolicyEnforcer, AnotherPolicyTakesOverAtOnceAndCountsStay) {
  Fixture f("rule r severity Low { forall e: StateRead where e.resource == \"x\" { false } }");
  const Effect x{Kind::state_read, "x", 0, 0}, y{Kind::state_read, "y", 0, 0};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(f.enforcer.respond(f.refuse(x)).response, Response::log);
  EXPECT_TRUE(f.allows(y));
  f.enforcer.replace(
      program("rule other { forall e: Effect { e.size < 1.MB } }\nrule r severity Low { forall e: StateRead where e.resource == "
              "\"y\" { false } }"));
  EXPECT_TRUE(f.allows(x)) << "nothing of the old decisions is remembered";
  EXPECT_EQ(f.enforcer.respond(f.refuse(y)).response, Response::restrict) << "the fourth violation of r";
}

TEST(PolicyEnforcer, TwoPoliciesHoldAtOnce) {
  const auto a = program("rule a { forall e: StateRead { e.size < 10.B } }"),
             b = program("rule b { forall e: StateRead { e.bytes < 10.B } }");
  StepClock clock;
  Enforcer e(both(*a, *b), {}, {}, clock);
  EXPECT_TRUE(e.decide({Kind::state_read, "x", 1, 1}, 0, {}).empty());
  EXPECT_EQ(e.decide({Kind::state_read, "x", 10, 10}, 0, {}).size(), 2u);
  EXPECT_NE(e.program().digest, a->digest);
}

}  // namespace
}  // namespace writ::authority::policy
