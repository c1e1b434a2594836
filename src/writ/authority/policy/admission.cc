#include "writ/authority/policy/admission.h"

#include <fmt/format.h>

#include <algorithm>

#include "writ/authority/policy/partial.h"
#include "writ/base/escape.h"

namespace writ::authority::policy {
namespace {

bool is_about(const ComponentRule& rule, const Facts& task) {
  return !rule.where || partial(*rule.where, task, Known::resource, Question::exact).is_true();
}

Facts facts_of_task(const ComponentFacts& component) {
  Facts task;
  task.component = &component;
  return task;
}

// The one resource of a grant that means one thing.
std::optional<std::string> only_resource(const Grant& grant) {
  if (!grant.resource) return std::string();
  if (!grant.resource->is_plain()) return std::nullopt;
  return grant.resource->thing();
}

}  // namespace

Ceilings ceilings(const Program& program, const ComponentFacts& component) {
  Ceilings out;
  const Facts task = facts_of_task(component);
  const auto lower = [](std::optional<std::int64_t>& to, std::int64_t most) { to = to ? std::min(*to, most) : most; };
  for (const auto& [word, rule] : program.component_rules) {
    if (!is_about(*rule, task)) continue;
    for (const auto& c : rule->ceilings) switch (c.gauge) {
        case Gauge::memory: lower(out.memory, c.most); break;
        case Gauge::stack: lower(out.stack, c.most); break;
        case Gauge::output: lower(out.output, c.most); break;
        case Gauge::run_time: lower(out.run_time, c.most); break;
        case Gauge::effects: lower(out.effects, c.most); break;
        case Gauge::files: lower(out.files, c.most); break;
        case Gauge::commit_bytes:
        case Gauge::commit_changes:
        case Gauge::bandwidth:
        case Gauge::read_bandwidth:
        case Gauge::write_bandwidth:
        case Gauge::effect_rate: break;
      }
  }
  return out;
}

std::vector<std::string> excesses(const Program& program, const ComponentFacts& component, const effect::Composed& step) {
  std::vector<std::string> out;
  const Facts task = facts_of_task(component);
  for (const auto& [word, rule] : program.component_rules) {
    if (!is_about(*rule, task)) continue;
    for (const auto& c : rule->ceilings) {
      if (c.gauge != Gauge::commit_bytes && c.gauge != Gauge::commit_changes) continue;
      const std::uint64_t is = c.gauge == Gauge::commit_bytes ? step.bytes : step.parts.size();
      if (is > static_cast<std::uint64_t>(c.most))
        out.push_back(fmt::format("{}: {} {} in one commit, and {} is the most", describe(program, {word, Failure::none}), is,
                                  c.gauge == Gauge::commit_bytes ? "bytes" : "changes", c.most));
    }
  }
  return out;
}

std::vector<std::string> refusals(const Program& program, const ComponentFacts& component, std::span<const Grant> grants) {
  std::vector<std::string> out;
  const Facts task = facts_of_task(component);
  for (const auto& [word, rule] : program.component_rules) {
    if (!is_about(*rule, task) || !rule->check) continue;
    const Value v = partial(*rule->check, task, Known::resource, Question::exact);
    if (!v.is_true()) out.push_back(describe(program, {word, v.failure}) + " refuses this task");
  }
  for (const auto& grant : grants) {
    const CapabilityFacts capability = facts_of(grant);
    const auto resource = only_resource(grant);
    Facts facts = task;
    facts.kind = grant.kind;
    facts.capability = &capability;
    if (resource) set_effect(facts, grant.kind, *resource);
    else if (grant.kind == effect::Kind::own) set_effect(facts, grant.kind, capability.resource);  // its kind is known
    for (const auto& [word, rule] : program.effect_rules) {
      if (!(rule->kinds & bit(grant.kind))) continue;
      const Value v = partial(rule->check, facts, resource ? Known::resource : Known::capability, Question::possible);
      if (!v.is_false() && v.tag != Value::Tag::failed) continue;
      out.push_back(fmt::format("{} lets no effect of the grant {} pass", describe(program, {word, v.failure}), grant.text()));
      break;
    }
  }
  return out;
}

}  // namespace writ::authority::policy
