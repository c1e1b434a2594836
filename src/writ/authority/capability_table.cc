#include "writ/authority/capability_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "writ/authority/lattice.h"
#include "writ/base/assert.h"

namespace writ::authority {
namespace {

constexpr std::uint64_t packed(std::uint32_t generation, Standing s) {
  return std::uint64_t{generation} << 32 | static_cast<std::uint64_t>(s);
}
constexpr Standing state_of(std::uint64_t standing) { return static_cast<Standing>(standing & 3); }

}  // namespace

struct CapabilityTable::Entry {
  Capability capability;
  Handle self;
  Entry* parent;  // null: a root. Children keep their parent
  Meter meter;
  Entry* next_meter;  // the nearest ancestor that counts too
  bool metered;       // it, or some ancestor, counts
  mutable std::atomic<std::uint64_t> seen{0};  // one more than the epoch in which all ancestors stood
  std::uint32_t children = 0;                  // guarded by the table's mutex
  Live* live;
};

CapabilityTable::CapabilityTable(std::uint32_t capacity, const Clock& clock)
    : clock_(clock), measure_(Measure::monotonic), own_live_(std::make_unique<Live[]>(capacity)), epoch_(own_epoch_),
      live_(own_live_.get(), capacity), started_(clock.monotonic()), entries_(std::make_unique<std::atomic<Entry*>[]>(capacity)) {}

CapabilityTable::CapabilityTable(Words shared, const Clock& clock, Measure measure)
    : clock_(clock), measure_(measure), epoch_(shared.epoch), live_(shared.live), started_(clock.monotonic()),
      entries_(std::make_unique<std::atomic<Entry*>[]>(shared.live.size())) {}

CapabilityTable::~CapabilityTable() {
  for (std::size_t i = 0; i < live_.size(); ++i) delete entries_[i].load();
}

CapabilityTable::Entry* CapabilityTable::entry(Handle h) const {
  if (h.index >= live_.size()) return nullptr;
  Entry* e = entries_[h.index].load(std::memory_order_acquire);
  return e != nullptr && e->self == h ? e : nullptr;
}

Nanoseconds CapabilityTable::now(const Entry& e) const {
  return measure_ == Measure::monotonic ? clock_.monotonic() - started_ : Nanoseconds(clock_.wall().ns - e.capability.minted.ns);
}

// --- making --------------------------------------------------------------------------------------------------------

Handle CapabilityTable::place(std::uint32_t index, std::uint32_t generation, Capability capability, Standing standing) {
  WRIT_ASSERT(index < live_.size() && generation != 0 && entries_[index].load() == nullptr);
  auto made = std::make_unique<Entry>();
  made->self = {index, generation};
  made->parent = entry(capability.parent);
  WRIT_ASSERT((made->parent == nullptr) == (capability.parent == no_handle));
  // A split moves the parent's budgets to its children; what lies above still counts.
  const bool moved = capability.origin == Origin::split;
  const Entry* above = made->parent;
  made->meter = Meter(capability.grant.limits, above != nullptr && !moved ? above->capability.grant.limits : Limits{});
  made->next_meter = above == nullptr ? nullptr : moved || above->meter.empty() ? above->next_meter : made->parent;
  made->metered = !made->meter.empty() || made->next_meter != nullptr;
  made->live = &live_[index];
  made->capability = std::move(capability);
  const std::uint64_t now_standing = packed(generation, standing);
  if (made->live->standing.load() < now_standing) made->live->standing.store(now_standing);  // shared words may know more
  if (made->parent != nullptr) ++made->parent->children;
  entries_[index].store(made.release(), std::memory_order_release);
  return {index, generation};
}

Result<Handle> CapabilityTable::insert(Capability capability) {
  std::uint32_t index = next_, generation = 1;
  if (!free_.empty()) {
    index = free_.back().first;
    generation = free_.back().second + 1;
    free_.pop_back();
  } else if (next_ == live_.size()) {
    return Error{Code::exhausted, fmt::format("a table of {} capabilities is full", live_.size()), {}, "release or revoke some"};
  } else {
    ++next_;
  }
  auto& live = live_[index];
  live.uses = 0;
  live.bytes = 0;
  live.full_at = 0;
  for (auto& word : live.fields) word = 0;
  const bool starts_empty = capability.origin == Origin::split;
  const Handle made = place(index, generation, std::move(capability), Standing::active);
  const auto* e = entry(made);
  if (starts_empty) e->meter.start_empty(live, now(*e));
  return made;
}

namespace {
Error gone() { return {Code::denied, "the capability does not stand: it was revoked, split or released", {}, "writ cap ls"}; }
}  // namespace

Result<Handle> CapabilityTable::mint(Grant grant, std::string holder) {
  const std::lock_guard lock(mutex_);
  return insert({.grant = std::move(grant), .holder = std::move(holder), .minted = clock_.wall()});
}

Result<Handle> CapabilityTable::attenuate(Handle h, const Grant& to) {
  const std::lock_guard lock(mutex_);
  if (!stands(h)) return gone();
  WRIT_TRY(auto made, attenuated(entry(h)->capability, h, to));
  return insert(std::move(made));
}

Result<Handle> CapabilityTable::delegate(Handle h, std::string holder) {
  const std::lock_guard lock(mutex_);
  if (!stands(h)) return gone();
  WRIT_TRY(auto made, delegated(entry(h)->capability, h, std::move(holder)));
  return insert(std::move(made));
}

Result<std::vector<Handle>> CapabilityTable::split(Handle h, std::span<const Limits> parts) {
  const std::lock_guard lock(mutex_);
  if (!stands(h)) return gone();
  if (live_.size() - next_ + free_.size() < parts.size())
    return Error{Code::exhausted, fmt::format("a table of {} capabilities is full", live_.size()), {}, "release or revoke some"};
  const auto& from = entry(h)->capability;
  WRIT_CHECK(authority::split(from, h, left(h), parts));
  consume(h);  // from here nothing is taken from it, so that what is left stays
  auto made = authority::split(from, h, left(h), parts);
  if (!made) {
    restore(h);  // used up in between
    return made.error();
  }
  std::vector<Handle> handles;
  for (auto& c : *made) {
    WRIT_TRY(const auto child, insert(std::move(c)));
    handles.push_back(child);
  }
  return handles;
}

// --- ending --------------------------------------------------------------------------------------------------------

void CapabilityTable::consume(Handle h) {
  live_[h.index].standing.store(packed(h.generation, Standing::consumed));
  epoch_.fetch_add(1);
}

void CapabilityTable::restore(Handle h) {
  std::uint64_t consumed = packed(h.generation, Standing::consumed);
  live_[h.index].standing.compare_exchange_strong(consumed, packed(h.generation, Standing::active));  // unless revoked meanwhile
}

void CapabilityTable::mark_revoked(Handle h) {
  live_[h.index].standing.store(packed(h.generation, Standing::revoked));
  epoch_.fetch_add(1);  // whoever remembers that its ancestors stand asks again
}

Result<void> CapabilityTable::revoke(Handle h) {
  const std::lock_guard lock(mutex_);
  if (entry(h) == nullptr) return gone();
  mark_revoked(h);
  return {};
}

Result<void> CapabilityTable::release(Handle h) {
  const std::lock_guard lock(mutex_);
  auto* e = entry(h);
  if (e == nullptr) return gone();
  if (e->children != 0) return Error{Code::conflict, "the capability has children", {}, "release those first, or revoke it"};
  live_[h.index].standing.store(packed(h.generation, Standing::unknown));
  entries_[h.index].store(nullptr);
  if (e->parent != nullptr) --e->parent->children;
  delete e;
  free_.emplace_back(h.index, h.generation);
  return {};
}

// --- asking --------------------------------------------------------------------------------------------------------

bool CapabilityTable::walk(const Entry& e) const {
  for (const Entry *child = &e, *a = e.parent; a != nullptr; child = a, a = a->parent) {
    const auto standing = a->live->standing.load();
    if (standing >> 32 != a->self.generation) return false;
    switch (state_of(standing)) {
      case Standing::active: break;
      case Standing::consumed:  // its budgets went to the parts; what else drew on them ends with it
        if (child->capability.origin != Origin::split) return false;
        break;
      case Standing::unknown:
      case Standing::revoked: return false;
    }
  }
  return true;
}

bool CapabilityTable::stands(Handle h) const {
  const auto* e = entry(h);
  if (e == nullptr) return false;
  const auto epoch = epoch_.load();  // before the ancestors are looked at
  if (e->live->standing.load() != packed(h.generation, Standing::active)) return false;
  if (e->seen.load(std::memory_order_relaxed) == epoch + 1) return true;
  if (!walk(*e)) return false;
  e->seen.store(epoch + 1, std::memory_order_relaxed);
  return true;
}

Standing CapabilityTable::standing(Handle h) const {
  const auto* e = entry(h);
  if (e == nullptr) return Standing::unknown;
  const auto standing = e->live->standing.load();
  if (standing >> 32 != h.generation) return Standing::unknown;
  return walk(*e) ? state_of(standing) : Standing::revoked;
}

const Capability* CapabilityTable::find(Handle h) const {
  const auto* e = entry(h);
  return e == nullptr ? nullptr : &e->capability;
}

Limits CapabilityTable::left(Handle h) const {
  const auto* e = entry(h);
  if (e == nullptr) return {};
  Limits out = e->capability.grant.limits;
  const auto remaining = [](std::uint64_t limit, std::uint64_t used) { return used >= limit ? 0 : limit - used; };
  for (const Entry* m = e; m != nullptr; m = m->next_meter) {
    const auto& of = m->capability.grant.limits;
    if (of.uses) out.uses = std::min(*out.uses, remaining(*of.uses, m->live->uses.load()));
    if (of.bytes) out.bytes = std::min(*out.bytes, ByteCount(remaining(of.bytes->value(), m->live->bytes.load())));
    for (std::size_t i = 0; i < of.fields.size(); ++i) {
      const auto own = std::ranges::find(out.fields, of.fields[i].name, &FieldLimit::name);
      if (!of.fields[i].total || own == out.fields.end()) continue;
      const effect::Decimal rest{remaining(of.fields[i].total->millionths, m->live->fields[i].load())};
      own->total = own->total ? std::min(*own->total, rest) : rest;
    }
  }
  return out;
}

CapabilityTable::Refusal CapabilityTable::lacking(Handle h, const Amounts& amounts) const {
  if (!stands(h)) return {{}, nullptr, true};
  const auto* e = entry(h);
  if (!e->metered) return {};
  for (const Entry* m = e; m != nullptr; m = m->next_meter)
    if (const auto short_of = m->meter.lacking(*m->live, amounts, now(*m)); !short_of.none()) return {short_of, &m->capability, false};
  return {};
}

void CapabilityTable::give_back(Handle h, const Amounts& amounts) {
  for (const Entry* m = entry(h); m != nullptr; m = m->next_meter) m->meter.give_back(*m->live, amounts);
}

CapabilityTable::Refusal CapabilityTable::use(Handle h, const Amounts& amounts) {
  if (!stands(h)) return {{}, nullptr, true};
  const auto* e = entry(h);
  if (!e->metered) return {};
  const auto give_back = [&](const Entry* end) {
    for (const Entry* m = e; m != end; m = m->next_meter) m->meter.give_back(*m->live, amounts);
  };
  for (const Entry* m = e; m != nullptr; m = m->next_meter) {
    const auto short_of = m->meter.take(*m->live, amounts, now(*m));
    if (short_of.none()) continue;
    give_back(m);
    return {short_of, &m->capability, false};
  }
  if (stands(h)) return {};
  give_back(nullptr);  // it ended while this was taken
  return {{}, nullptr, true};
}

}  // namespace writ::authority
