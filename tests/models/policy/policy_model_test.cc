// The compiled evaluator against the slow reference: the same rules refuse, for the same kind of reason, the first time and
// when the decision is remembered. WRIT_SOAK=1 makes it a million cases.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/models/policy/random_policy.h"
#include "writ/authority/policy/compile.h"
#include "writ/authority/policy/enforcer.h"
#include "writ/authority/policy/parser.h"

namespace writ::policy_model {
namespace {

using namespace authority::policy;

std::vector<Refused> named(const Program& p, std::span<const Violation> violations) {
  std::vector<Refused> out;
  for (const auto& v : violations) out.push_back({p.words[v.word].name, v.failure != Failure::none});
  return out;
}

std::vector<Refused> compiled(const std::shared_ptr<const Program>& program, const Case& c, Enforcer& enforcer) {
  effect::Effect e{effect::find_kind(c.kind).value_or(effect::Kind::own), c.resource, c.bytes, c.size};
  if (e.kind == effect::Kind::own) e.resource = c.kind + ":" + c.resource;
  if (c.amount) e.fields.push_back({"amount", {*c.amount}});
  return named(*program, enforcer.decide(e, 0, {c.effects, c.denied}));
}

Enforcer enforcer_of(const std::shared_ptr<const Program>& program, const Case& c) {
  CapabilityFacts capability;
  if (c.max_size) capability.limits.max_size = ByteCount(*c.max_size);
  if (c.max_uses) capability.limits.uses = *c.max_uses;
  if (c.max_amount) capability.limits.fields.push_back({"amount", effect::Decimal{*c.max_amount}, {}});
  return {program, {c.component, "", "", "", {c.labels.begin(), c.labels.end()}}, {capability}, system_clock()};
}

TEST(PolicyModel, CompiledAndReferenceAgree) {
  const bool soak = std::getenv("WRIT_SOAK") != nullptr;
  const std::size_t wanted = soak ? 1'000'000 : 10'000;
  constexpr std::size_t per_policy = 40;
  const auto seed = soak ? std::random_device()() : 20260917u;
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  std::size_t cases = 0, refused = 0, failed = 0, tried = 0;
  while (cases < wanted) {
    const auto text = random_policy(random);
    const auto program = load(text, "random");
    ASSERT_LT(++tried, wanted) << "most random policies must compile";
    if (!program) continue;
    Diagnostics none;
    const auto tree = parse(text, none);
    for (std::size_t i = 0; i < per_policy / 4; ++i) {
      Case c = random_case(random);
      auto enforcer = enforcer_of(*program, c);
      for (std::size_t j = 0; j < 4; ++j, ++cases) {
        const auto right = decide(tree.at(0), c);
        ASSERT_EQ(compiled(*program, c, enforcer), right)
            << text << c.kind << " " << c.resource << " bytes " << c.bytes << " size " << c.size << " counts " << c.effects << " "
            << c.denied << " max_size " << c.max_size.value_or(0) << " uses " << c.max_uses.value_or(0) << " " << c.component;
        refused += right.empty() ? 0 : 1;
        failed += !right.empty() && right[0].failed ? 1 : 0;
        const Case next = random_case(random);  // the same kind and resource, so that what is remembered is used
        c.bytes = next.bytes, c.size = next.size, c.effects = next.effects, c.denied = next.denied;
        if (c.kind == "a.pay") c.amount = next.amount;
      }
    }
  }
  EXPECT_GT(refused, cases / 10) << "the cases say something";
  EXPECT_LT(refused, cases * 9 / 10);
  EXPECT_GT(failed, cases / 200) << "failures are among them";
}

}  // namespace
}  // namespace writ::policy_model
