#include "writ/authority/policy/hindsight.h"

#include <algorithm>

namespace writ::authority::policy {
namespace {

// The grant that covers it, those of one thing first, as CapabilitySet asks them.
std::uint32_t capability_of(std::span<const Grant> grants, const effect::Entry& e) {
  std::uint32_t found = static_cast<std::uint32_t>(grants.size());
  for (std::uint32_t i = 0; i < grants.size(); ++i) {
    const auto& g = grants[i];
    const bool below = g.kind == e.kind && g.resource && g.resource->covers_below(e.resource);  // a listing
    if ((!g.covers(e.kind, e.resource) || !g.knows(e.fields)) && !below) continue;
    if (!g.resource || g.resource->is_plain()) return i;
    if (found == grants.size()) found = i;
  }
  return found;
}

bool depends_on_runs(const Program& program, std::span<const Violation> refusing) {
  return std::ranges::any_of(refusing, [&](const Violation& v) {
    return std::ranges::any_of(program.effect_rules, [&](const auto& r) {
      return r.word == v.word && r.rule->check.depends_on(Varies::each_effect);
    });
  });
}

}  // namespace

std::vector<Change> changes(const std::shared_ptr<const Program>& program, const ComponentFacts& component,
                            std::span<const Grant> grants, std::span<const effect::Entry> journal) {
  std::vector<CapabilityFacts> facts;
  for (const auto& g : grants) facts.push_back(facts_of(g));
  Enforcer enforcer(program, component, std::move(facts), system_clock());
  std::vector<Change> out;
  std::uint64_t denied = 0;
  for (std::size_t i = 0; i < journal.size(); ++i) {
    const auto& e = journal[i];
    const bool was_allowed = e.refusal == effect::Refusal::none;
    const Counts before{e.sequence, denied};
    if (!was_allowed) denied += e.count;
    if (!was_allowed && e.refusal != effect::Refusal::policy) continue;  // refused by the capability: a policy cannot widen
    const effect::Effect average{e.kind, e.resource, (e.bytes + e.count - 1) / e.count, e.size, e.fields};
    const auto refusing = enforcer.decide(average, capability_of(grants, e), before);
    if (refusing.empty() == was_allowed) continue;
    Change c{i, was_allowed ? Change::Turn::now_refused : Change::Turn::now_allowed, {}, true};
    for (const auto& v : refusing) c.by.push_back(describe(*program, v));
    c.exact = e.count == 1 || !depends_on_runs(*program, refusing);
    out.push_back(std::move(c));
  }
  return out;
}

Result<void> check_again(const std::shared_ptr<const Program>& program, const ComponentFacts& component,
                         std::span<const Grant> grants, std::span<const effect::Entry> journal) {
  for (const auto& c : changes(program, component, grants, journal)) {
    if (c.turn != Change::Turn::now_refused) continue;
    const auto& e = journal[c.entry];
    return Error{Code::denied, std::string(effect::named(e).effect) + " is refused by the policy that is now in force: " + c.by.front(),
                 e.resource, "discard the task, or run it again"};
  }
  return {};
}

}  // namespace writ::authority::policy
