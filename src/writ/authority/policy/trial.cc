#include "writ/authority/policy/trial.h"

#include <fmt/format.h>

#include <algorithm>

#include "writ/authority/capability.h"
#include "writ/authority/policy/partial.h"

namespace writ::authority::policy {
namespace {

// Rules that are about an effect of this kind on this resource, whatever they say of it.
std::vector<std::string> asked_rules(const Program& program, const effect::Effect& e, const Grant& grant,
                                     const ComponentFacts& component) {
  std::vector<std::string> out;
  const CapabilityFacts capability = facts_of(grant);
  Facts facts;
  set_effect(facts, e.kind, e.resource);
  facts.capability = &capability;
  facts.component = &component;
  for (const auto& [word, rule] : program.effect_rules) {
    if (!(rule->kinds & bit(e.kind))) continue;
    if (rule->where && partial(*rule->where, facts, Known::resource, Question::exact).is_false()) continue;
    out.push_back(describe(program, {word, Failure::none}));
  }
  return out;
}

Result<Grant> grant_by_name(const effect::Effect& e) {
  const auto [kind, thing] = effect::named(e);
  std::string text = std::string(kind) + (thing.empty() ? "" : ":" + escape_resource(thing));
  for (const auto& f : e.fields) text += "," + f.name + "=any";
  return recorded_grant(text);
}

}  // namespace

Trial try_effect(const std::shared_ptr<const Program>& program, const effect::Effect& e, std::span<const Grant> grants,
                 const ComponentFacts& component, Counts counts) {
  Trial out;
  std::vector<Grant> given(grants.begin(), grants.end());
  if (given.empty())
    if (auto by_name = grant_by_name(e)) given.push_back(std::move(*by_name));
  const CapabilitySet set(given, {}, system_clock());
  const auto decision = set.decide(e);
  if (!decision.allowed()) return out;
  out.capability = given[decision.capability];
  std::vector<CapabilityFacts> facts;
  for (const auto& g : given) facts.push_back(facts_of(g));
  Enforcer enforcer(program, component, std::move(facts), system_clock());
  const auto refusing = enforcer.decide(e, decision.capability, counts);
  out.allowed = refusing.empty();
  for (const auto& v : refusing) {
    const auto& name = program->words[v.word].name;
    if (std::ranges::find(out.refusing, name) == out.refusing.end()) out.refusing.push_back(name);
    out.reasons.push_back(describe(*program, v));
  }
  out.asked = asked_rules(*program, e, *out.capability, component);
  if (!refusing.empty()) out.response = enforcer.respond(std::vector<Violation>(refusing.begin(), refusing.end())).response;
  return out;
}

CaseResult run_case(const std::shared_ptr<const Program>& program, const CaseWord& c) {
  const Trial t = try_effect(program, c.effect, c.capabilities, c.component, {c.effects, c.denied});
  std::vector<std::string> who = t.refusing;
  if (!t.capability) who.emplace_back("capability");
  CaseResult result{&c, t.allowed == (c.wanted == CaseWord::Wanted::allow),
                    t.allowed ? "allowed" : fmt::format("denied by {}", fmt::join(who, ", "))};
  for (const auto& wanted : c.by) result.holds &= std::ranges::find(who, wanted) != who.end();
  return result;
}

}  // namespace writ::authority::policy
