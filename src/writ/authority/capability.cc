#include "writ/authority/capability.h"

#include <fmt/format.h>

#include <algorithm>

#include "writ/base/assert.h"

namespace writ::authority {

using effect::Limit;
using effect::Refusal;

std::string refused_by(const std::vector<Limit>& limits, const Grant& grant) {
  std::string names;
  for (const auto l : limits) names += (names.empty() ? "" : ",") + std::string(effect::limit_names[static_cast<std::size_t>(l)]);
  return names + " of " + grant.text();
}

CapabilitySet::CapabilitySet(std::vector<Grant> grants, std::vector<Grant> denies, const Clock& clock)
    : grants_(std::move(grants)), denies_(std::move(denies)), used_(grants_.size()), clock_(clock), started_(clock.monotonic()) {
  for (std::uint32_t i = 0; i < grants_.size(); ++i) order_.push_back(i);
  std::ranges::stable_partition(order_, [&](std::uint32_t i) { return !grants_[i].resource || grants_[i].resource->is_plain(); });
  for (std::size_t i = 0; i < grants_.size(); ++i) {
    used_[i].refilled = started_;
    if (const auto& r = grants_[i].limits.rate) used_[i].credit = Credit(r->count) * static_cast<std::uint64_t>(r->per.count());
  }
}

CapabilitySet::Credit CapabilitySet::credit(const Rate& rate, const Used& used, Nanoseconds now) const {
  const Credit full = Credit(rate.count) * static_cast<std::uint64_t>(rate.per.count());
  const auto passed = std::max<std::int64_t>(0, (now - used.refilled).count());
  return std::min(full, used.credit + Credit(static_cast<std::uint64_t>(passed)) * rate.count);
}

// Every limit that stands in the way, so that lifting them all is enough.
std::vector<Limit> CapabilitySet::refusing(std::size_t capability, const effect::Effect& e) const {
  const auto& limits = grants_[capability].limits;
  const auto& used = used_[capability];
  std::vector<Limit> out;
  if (limits.uses && used.uses >= *limits.uses) out.push_back(Limit::uses);
  if (limits.expires && clock_.wall() >= *limits.expires) out.push_back(Limit::expires);
  if (limits.rate && credit(*limits.rate, used, clock_.monotonic()) < static_cast<std::uint64_t>(limits.rate->per.count()))
    out.push_back(Limit::rate);
  if (limits.bytes && (used.bytes > limits.bytes->value() || e.bytes > limits.bytes->value() - used.bytes))
    out.push_back(Limit::bytes);
  if (limits.max_size && e.size > limits.max_size->value()) out.push_back(Limit::max_size);
  if (limits.time && clock_.monotonic() - started_ >= *limits.time) out.push_back(Limit::time);
  return out;
}

const Grant* CapabilitySet::deny_of(effect::Kind kind, std::string_view resource) const {
  const auto found = std::ranges::find_if(denies_, [&](const Grant& d) { return d.covers(kind, resource); });
  return found == denies_.end() ? nullptr : &*found;
}

Decision CapabilitySet::decide(const effect::Effect& e) const {
  if (const auto* deny = deny_of(e.kind, e.resource)) return {Refusal::denied, 0, Grant{deny->kind, deny->resource, {}}.text()};
  Decision decision;
  for (const std::uint32_t i : order_) {
    if (!grants_[i].covers(e.kind, e.resource)) continue;
    const auto limits = refusing(i, e);
    if (limits.empty()) return {Refusal::none, i, {}};
    if (decision.refusal == Refusal::no_capability) decision = {Refusal::constraint, i, refused_by(limits, grants_[i])};
  }
  return decision;
}

void CapabilitySet::spend(const Decision& decision, const effect::Effect& e) {
  WRIT_ASSERT(decision.allowed() && decision.capability < grants_.size());
  const auto& grant = grants_[decision.capability];
  WRIT_ASSERT(grant.covers(e.kind, e.resource));
  auto& used = used_[decision.capability];
  ++used.uses;
  if (__builtin_add_overflow(used.bytes, e.bytes, &used.bytes)) used.bytes = UINT64_MAX;
  if (const auto& rate = grant.limits.rate) {
    const Nanoseconds now = clock_.monotonic();
    const Credit have = credit(*rate, used, now), cost = static_cast<std::uint64_t>(rate->per.count());
    WRIT_ASSERT(have >= cost);
    used.credit = have - cost;
    used.refilled = std::max(used.refilled, now);
  }
}

bool CapabilitySet::permits(effect::Kind kind, std::string_view resource) const {
  return deny_of(kind, resource) == nullptr &&
         std::ranges::any_of(grants_, [&](const Grant& g) { return g.covers(kind, resource); });
}

bool CapabilitySet::covers_below(effect::Kind kind, std::string_view path) const {
  for (const auto& d : denies_)
    if (d.kind == kind && (!d.resource || d.resource->covers_all_below(path))) return false;
  return std::ranges::any_of(grants_,
                             [&](const Grant& g) { return g.kind == kind && g.resource && g.resource->covers_below(path); });
}

}  // namespace writ::authority
