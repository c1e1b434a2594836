// Grants of kinds of one's own: their words, their lattice, their budgets.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "writ/authority/capability.h"
#include "writ/authority/explain.h"
#include "writ/authority/lattice.h"

namespace writ::authority {
namespace {

using effect::Kind;

effect::OwnKinds declared() {
  effect::OwnKinds kinds;
  EXPECT_TRUE(kinds.add(*effect::parse_kind("payments.charge:amount,fee")) && kinds.add(*effect::parse_kind("door.open")));
  return kinds;
}
Grant grant(std::string_view text) {
  auto g = parse_grant(text, "/", WallTime{}, declared());
  EXPECT_TRUE(g) << text << ": " << (g ? "" : g.error().text());
  return g ? *g : Grant{};
}
effect::Effect own(std::string_view text) {
  auto e = effect::parse_own_effect(text);
  EXPECT_TRUE(e) << text;
  return {.kind = Kind::own, .resource = e->resource, .fields = e->fields};
}
bool allows(const Grant& g, const effect::Effect& e) { return CapabilitySet({g}, {}, system_clock()).decide(e).allowed(); }

TEST(OwnGrant, IsWrittenAndReadBack) {
  EXPECT_EQ(grant("payments.charge:acme,amount=100.00").text(), "payments.charge:acme,amount=100,fee=any");
  EXPECT_EQ(grant("payments.charge:*,uses=3,fee.total=2,amount=1,fee=1").text(), "payments.charge:*,uses=3,amount=1,fee=1,fee.total=2");
  EXPECT_EQ(grant("door.open:front").text(), "door.open:front");
  EXPECT_EQ(grant("payments.charge:a*,within=*b").text(), "payments.charge:a*,within=*b,amount=any,fee=any");
  for (const char* text : {"payments.charge:acme,amount=100", "payments.charge:*,amount.total=3,fee=1", "payments.charge:a*,within=*b,uses=2",
                           "door.open:x%2Cy"}) {
    const auto g = grant(text), again = *recorded_grant(g.text());
    EXPECT_EQ(g, again) << text;
  }
  const auto says = [](std::string_view text) {
    const auto g = parse_grant(text, "/", WallTime{}, declared());
    return g ? "accepted" : g.error().text();
  };
  EXPECT_NE(says("payments.chrage:x").find("did you mean `payments.charge`?"), std::string::npos);
  EXPECT_NE(says("payments.charge:x,amuont=1").find("did you mean `amount`?"), std::string::npos);
  EXPECT_NE(says("payments.charge:x,amount=1,amount=2").find("given twice"), std::string::npos);
  EXPECT_NE(says("state.raed:x").find("did you mean `state.read`?"), std::string::npos);
  for (const char* bad : {"payments.charge", "payments.charge:", "payments.charge:x,amount=", "payments.charge:x,amount=1.",
                          "payments.charge:x,amount=-1",
                          "payments.charge:x,amount.total=any", "payments.charge:x,amount", "payments.charge:x,",
                          "door.close:x", "door.open:x,amount=1",
                          "payments.charge:x,total=1"})
    EXPECT_FALSE(parse_grant(bad, "/", WallTime{}, declared())) << bad;
  EXPECT_FALSE(parse_grant("payments.charge:x", "/", WallTime{})) << "nobody declared it";
  EXPECT_EQ(parse_deny("payments.charge:x", "/", declared())->text(), "payments.charge:x");
  EXPECT_FALSE(parse_deny("payments.charge:x,amount=1", "/", declared()));
}

TEST(OwnGrant, BoundsItsFields) {
  const auto g = grant("payments.charge:acme,amount=100.00");
  EXPECT_TRUE(allows(g, own("payments.charge:acme,amount=100")));
  EXPECT_TRUE(allows(g, own("payments.charge:acme,amount=99.95,fee=7")));
  EXPECT_FALSE(allows(g, own("payments.charge:acme,amount=100.000001")));
  EXPECT_FALSE(allows(g, own("payments.charge:acme2,amount=1")));
  EXPECT_FALSE(allows(g, own("payments.charge:acme"))) << "it does not say how much";
  EXPECT_FALSE(allows(g, own("payments.charge:acme,amount=1,tip=1"))) << "nobody declared that";
  EXPECT_FALSE(allows(g, own("door.open:acme")));
  EXPECT_FALSE(allows(*recorded_grant("state.write:payments.charge%3Aacme"), own("payments.charge:acme,amount=1"))) << "kinds are apart";
  CapabilitySet set({grant("payments.charge:*")}, {*parse_deny("payments.charge:evil", "/", declared())}, system_clock());
  EXPECT_EQ(set.decide(own("payments.charge:evil,amount=1")).refusal, effect::Refusal::denied);
  EXPECT_TRUE(set.decide(own("payments.charge:good,amount=1")).allowed());
}

TEST(OwnGrant, TheSmallestGrantLetsExactlyThatPass) {
  CapabilitySet set({grant("payments.charge:acme,amount=10,amount.total=15,uses=9")}, {}, system_clock());
  ASSERT_TRUE(set.use(own("payments.charge:acme,amount=10")).allowed());
  for (const auto& [text, wanted] : {std::pair("payments.charge:acme,amount=6", "payments.charge:acme,uses=9,amount=10,amount.total=21,fee=any"),
                                     std::pair("payments.charge:acme,amount=16", "payments.charge:acme,uses=9,amount=16,amount.total=31,fee=any"),
                                     std::pair("payments.charge:evil,amount=1", "payments.charge:evil,amount=1")}) {
    const auto e = own(text);
    const auto decision = set.use(e);
    ASSERT_FALSE(decision.allowed()) << text;
    const auto denial = explain(
        {.kind = e.kind, .refusal = decision.refusal, .resource = e.resource, .by = decision.by, .digest = {}, .fields = e.fields});
    EXPECT_EQ(denial.grant, wanted);
    EXPECT_TRUE(allows(*recorded_grant(denial.grant), e));
    EXPECT_EQ(denial.effect, "payments.charge");
  }
}

// The meet covers what both do, and nothing else: every pair of small grants, every small effect.
TEST(OwnGrant, TheLatticeIsExact) {
  std::vector<Grant> grants;
  for (const char* resource : {"a", "b", "*"})
    for (const char* amount : {"", ",amount=1", ",amount=2", ",amount=any"})
      for (const char* fee : {"", ",fee=1", ",fee=any"}) grants.push_back(*recorded_grant(std::string("payments.charge:") + resource + amount + fee));
  grants.push_back(*recorded_grant("door.open:a"));
  std::vector<effect::Effect> effects{own("door.open:a")};
  for (const char* resource : {"a", "b"})
    for (const char* amount : {"", ",amount=1", ",amount=2", ",amount=3"})
      for (const char* fee : {"", ",fee=1", ",fee=2"}) effects.push_back(own(std::string("payments.charge:") + resource + amount + fee));
  for (const auto& a : grants)
    for (const auto& b : grants) {
      const auto both = meet(a, b);
      bool wider = true;
      for (const auto& e : effects) {
        const bool by_a = allows(a, e), by_b = allows(b, e);
        ASSERT_EQ(both && allows(*both, e), by_a && by_b) << a.text() << " and " << b.text() << " on " << e.resource << "," << effect::text(e.fields);
        wider = wider && (by_a || !by_b);
      }
      EXPECT_TRUE(wider || !covers(a, b)) << a.text() << " covers " << b.text();
    }
}

// Eight threads draw on a root, on children of it and on the parts of a split, until nothing passes: never more than the
// root's total, and all of it.
TEST(OwnGrant, ATotalIsConservedUnderEightThreads) {
  CapabilityTable table(64, system_clock());
  const auto root = *table.mint(grant("payments.charge:*,amount.total=1000"));
  const auto left = *table.attenuate(root, grant("payments.charge:*,amount.total=700"));
  const auto right = *table.attenuate(root, grant("payments.charge:*"));
  std::vector<Limits> shares(2);
  shares[0].fields.push_back({"amount", {}, effect::Decimal{400'000'000}});
  shares[1].fields.push_back({"amount", {}, effect::Decimal{300'000'000}});
  const auto parts = *table.split(left, shares);
  std::atomic<std::uint64_t> paid{0};
  {
    std::vector<std::jthread> threads;
    for (unsigned n = 0; n < 8; ++n)
      threads.emplace_back([&, n] {
        std::mt19937_64 random(n);
        const Handle from[] = {root, right, parts[0], parts[1]};
        for (int i = 0; i < 4000; ++i) {
          const effect::Fields said{{"amount", {1 + random() % 700'000}}};
          if (table.use(from[random() % 4], {0, said}).allowed()) paid += said[0].value.millionths;
        }
        const effect::Fields one{{"amount", {1}}};
        for (int i = 0; i < 2'000'000 && table.use(root, {0, one}).allowed(); ++i) ++paid;
      });
  }
  EXPECT_LE(paid.load(), 1'000'000'000u);
  const auto rest = table.left(root).fields[0].total->millionths;
  EXPECT_EQ(paid.load() + rest, 1'000'000'000u) << "what was taken is what was paid";
  EXPECT_FALSE(table.use(left, {0, effect::Fields{{"amount", {1}}}}).allowed()) << "a consumed parent allows nothing";
  EXPECT_FALSE(table.use(root, {0, effect::Fields{}}).allowed()) << "it does not say how much";
}

}  // namespace
}  // namespace writ::authority
