#include "writ/authority/capability.h"

#include <algorithm>
#include <array>

#include "writ/authority/protected.h"
#include "writ/authority/sensitive.h"
#include "writ/base/assert.h"

namespace writ::authority {

using effect::Limit;
using effect::Refusal;

namespace {
// Environment and ambient effects are left out: a task that lacks them is not denied anything, so no line would be needed.
constexpr std::array<std::string_view, 4> learned{"state.read:/", "state.write:/", "file.read:/", "file.write:/"};
}  // namespace

std::span<const std::string_view> learned_grants() { return learned; }

std::string refused_by(Shortage limits, const Grant& grant) {
  std::string names;
  for (std::size_t i = 0; i < effect::limit_names.size(); ++i)
    if (limits.has(static_cast<Limit>(i))) names += (names.empty() ? "" : ",") + std::string(effect::limit_names[i]);
  const auto& fields = grant.limits.fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (limits.has_each(i)) names += (names.empty() ? "" : ",") + fields[i].name;
    if (limits.has_total(i)) names += (names.empty() ? "" : ",") + fields[i].name + ".total";
  }
  return names + " of " + grant.text();
}

CapabilitySet::CapabilitySet(std::vector<Grant> grants, std::vector<Grant> denies, const Clock& clock)
    : clock_(clock), started_(clock.monotonic()) {
  SealedHeap::Change change(heap_);
  own_.emplace(static_cast<std::uint32_t>(grants.size() + learned.size() + 1), clock, heap_);
  sealed_ = new (heap_.allocate(sizeof(Sealed), alignof(Sealed))) Sealed(&heap_);
  sealed_->denies.reserve(denies.size());
  for (const auto& deny : denies) sealed_->denies.push_back(deny.in(&heap_));
  sealed_->grants.reserve(grants.size());
  sealed_->held.reserve(grants.size());
  sealed_->order.reserve(grants.size());
  for (auto& grant : grants) {
    const auto minted = own_->mint(std::move(grant));
    WRIT_ASSERT(minted);  // there is a place for each
    hold(*own_, *minted, Secrets::as_covered);
  }
}

// Within a Change that has opened what is there.
void CapabilitySet::hold(CapabilityTable& table, Handle capability, Secrets secrets) {
  const auto* found = table.find(capability);
  WRIT_ASSERT(found != nullptr);
  Sealed& s = *sealed_;
  const auto index = static_cast<std::uint32_t>(s.grants.size());
  s.grants.push_back(found->grant.in(&heap_));
  Limits others = found->grant.limits;
  for (const auto counted : {Limit::uses, Limit::bytes, Limit::rate}) others.clear(counted);
  s.held.push_back({&table, capability, secrets, others.empty(), table.is_metered(capability)});
  s.order.insert(found->grant.is_plain() ? s.order.begin() + static_cast<std::ptrdiff_t>(s.plain++) : s.order.end(), index);
}

void CapabilitySet::open(SealedHeap::Change& change) const {
  const auto open = [&](const auto& v) { change.open(v.data(), v.capacity() * sizeof(*v.data())); };
  change.open(sealed_, sizeof *sealed_);
  open(sealed_->grants);
  open(sealed_->held);
  open(sealed_->order);
}

std::uint32_t CapabilitySet::add(CapabilityTable& table, Handle capability) {
  SealedHeap::Change change(heap_);
  open(change);
  hold(table, capability, Secrets::as_covered);
  return static_cast<std::uint32_t>(sealed_->grants.size() - 1);
}

void CapabilitySet::learn() {
  SealedHeap::Change change(heap_);
  open(change);
  for (const auto text : learned) {
    auto grant = parse_grant(text, "/", WallTime{});
    WRIT_ASSERT(grant);
    const auto minted = own_->mint(std::move(*grant));
    WRIT_ASSERT(minted);
    hold(*own_, *minted, Secrets::never);
  }
  auto every = Pattern::parse("*", effect::ResourceForm::name, "/");  // kind of one's own, with whatever fields
  WRIT_ASSERT(every);
  const auto minted = own_->mint({.kind = effect::Kind::own, .resource = std::move(*every)});
  WRIT_ASSERT(minted);
  hold(*own_, *minted, Secrets::never);
}

bool CapabilitySet::covers(std::uint32_t index, effect::Kind kind, std::string_view resource) const {
  return sealed_->grants[index].covers(kind, resource) && names_what_is_protected(sealed_->grants[index], resource) &&
         (sealed_->held[index].secrets == Secrets::as_covered || !is_sensitive(kind, resource));
}

// Every limit that stands in the way, so that lifting them all is enough.
Shortage CapabilitySet::outside(const Limits& limits, std::uint64_t size, const effect::Fields& said) const {
  Shortage out;
  for (std::size_t i = 0; i < limits.fields.size(); ++i) {
    const auto& f = limits.fields[i];
    if (!f.bounds()) continue;
    const auto* value = effect::find(said, f.name);
    if (value == nullptr || (f.each && *value > *f.each)) out.add_each(i);
  }
  if (limits.expires && clock_.wall() >= *limits.expires) out.add(Limit::expires);
  if (limits.max_size && size > limits.max_size->value()) out.add(Limit::max_size);
  if (limits.time && clock_.monotonic() - started_ >= *limits.time) out.add(Limit::time);
  if (limits.not_before && clock_.wall() < *limits.not_before) out.add(Limit::not_before);
  return out;
}

// Of an ancestor's budget and its own limits, the ancestor's are named: they are what is left when the own ones are raised.
CapabilitySet::Answer CapabilitySet::limits_of(std::size_t index, const effect::Effect& e, CapabilityTable::Refusal counted) const {
  Answer answer{outside(sealed_->grants[index].limits, e.size, e.fields), &sealed_->grants[index], counted.gone};
  if (counted.shortage.none()) return answer;
  const auto* own = sealed_->held[index].table->find(sealed_->held[index].handle);
  if (counted.of == own || answer.shortage.none()) answer.shortage.add(counted.shortage);
  if (counted.of != own && answer.shortage == counted.shortage) answer.of = &counted.of->grant;
  return answer;
}

const Grant* CapabilitySet::deny_of(effect::Kind kind, std::string_view resource) const {
  const auto found = std::ranges::find_if(sealed_->denies, [&](const Grant& d) { return d.covers(kind, resource); });
  return found == sealed_->denies.end() ? nullptr : &*found;
}

template <class Ask>
Decision CapabilitySet::choose(const effect::Effect& e, Ask ask) const {
  if (const auto* deny = deny_of(e.kind, e.resource)) return {Refusal::denied, 0, Grant{.kind = deny->kind, .resource = deny->resource}.text()};
  Decision decision;
  for (const std::uint32_t i : sealed_->order) {
    if (!covers(i, e.kind, e.resource) || (sealed_->held[i].secrets == Secrets::as_covered && !sealed_->grants[i].knows(e.fields))) continue;
    const Answer answer = ask(i);
    if (answer.allowed()) return {Refusal::none, i, {}};
    if (answer.gone && decision.refusal == Refusal::no_capability) decision = {Refusal::revoked, i, sealed_->grants[i].text()};
    else if (!answer.gone && decision.refusal != Refusal::constraint) decision = {Refusal::constraint, i, refused_by(answer.shortage, *answer.of)};
  }
  return decision;
}

Decision CapabilitySet::decide(const effect::Effect& e) const {
  return choose(e, [&](std::uint32_t i) { return limits_of(i, e, sealed_->held[i].table->lacking(sealed_->held[i].handle, {e.bytes, e.fields})); });
}

Decision CapabilitySet::use(const effect::Effect& e) {
  return choose(e, [&](std::uint32_t i) {
    auto first = limits_of(i, e, sealed_->held[i].table->lacking(sealed_->held[i].handle, {e.bytes, e.fields}));
    return first.allowed() ? limits_of(i, e, sealed_->held[i].table->use(sealed_->held[i].handle, {e.bytes, e.fields})) : first;
  });
}

void CapabilitySet::give_back(std::uint32_t capability, const effect::Effect& e) {
  sealed_->held[capability].table->give_back(sealed_->held[capability].handle, {e.bytes, e.fields});
}

bool CapabilitySet::use_again(std::uint32_t capability, std::uint64_t bytes, std::uint64_t size) {
  const auto& held = sealed_->held[capability];
  if (!held.counted_only && !outside(sealed_->grants[capability].limits, size, {}).none()) return false;
  return held.is_metered ? held.table->use(held.handle, bytes).allowed() : held.table->stands(held.handle);
}

bool CapabilitySet::could_use_again(std::uint32_t capability, std::uint64_t bytes, std::uint64_t size) const {
  const auto& held = sealed_->held[capability];
  return (held.counted_only || outside(sealed_->grants[capability].limits, size, {}).none()) && held.table->lacking(held.handle, bytes).allowed();
}

bool CapabilitySet::permits(effect::Kind kind, std::string_view resource) const {
  return deny_of(kind, resource) == nullptr &&
         std::ranges::any_of(sealed_->order, [&](std::uint32_t i) { return covers(i, kind, resource); });
}

bool CapabilitySet::covers_below(effect::Kind kind, std::string_view path) const {
  for (const auto& d : sealed_->denies)
    if (d.kind == kind && (!d.resource || d.resource->covers_all_below(path))) return false;
  return std::ranges::any_of(sealed_->grants, [&](const Grant& g) {
    return g.kind == kind && g.resource && std::ranges::all_of(g.resources(), [&](const Pattern& p) { return p.covers_below(path); });
  });
}

}  // namespace writ::authority
