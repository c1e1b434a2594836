#include "writ/authority/capability_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "writ/authority/lattice.h"
#include "writ/base/assert.h"

namespace writ::authority {
namespace {

constexpr Standing state_of(std::uint64_t standing) { return static_cast<Standing>(standing & 3); }

}  // namespace

// What a check reads comes first.
struct CapabilityTable::Entry {
  Handle self;
  Live* live;
  Entry* parent;      // null: a root. Children keep their parent
  Entry* next_meter;  // the nearest ancestor that counts too
  std::uint32_t children = 0;
  Meter meter;
  Capability capability;
};

Capability Capability::in(std::pmr::memory_resource* memory) const {
  return {.grant = grant.in(memory),
          .origin = origin,
          .parent = parent,
          .depth = depth,
          .holder = std::pmr::string(holder, memory),
          .minted = minted};
}

CapabilityTable::CapabilityTable(std::uint32_t capacity, const Clock& clock) : CapabilityTable(capacity, clock, own_heap_) {}

CapabilityTable::CapabilityTable(std::uint32_t capacity, const Clock& clock, SealedHeap& heap)
    : clock_(clock), measure_(Measure::monotonic), secret_(Secret::random()), own_epoch_(secret_.of(0)),
      own_live_(std::make_unique<Live[]>(capacity)), epoch_(own_epoch_), live_(own_live_.get(), capacity), started_(clock.monotonic()),
      heap_(heap) {
  make_places();
}

CapabilityTable::CapabilityTable(Words shared, const Clock& clock, Measure measure)
    : clock_(clock),
      measure_(measure),
      secret_(shared.secret),
      epoch_(shared.epoch),
      live_(shared.live),
      started_(clock.monotonic()),
      heap_(own_heap_) {
  make_places();
}

// Entries are not destroyed: all that they have goes with the heap.
CapabilityTable::~CapabilityTable() = default;

void CapabilityTable::make_places() {
  SealedHeap::Change change(heap_);
  places_ = static_cast<Place*>(heap_.allocate(std::max<std::size_t>(1, live_.size()) * sizeof(Place), alignof(Place)));
  std::uninitialized_default_construct_n(places_, live_.size());
  seen_ = std::make_unique<std::atomic<std::uint64_t>[]>(live_.size());
}

CapabilityTable::Entry* CapabilityTable::entry(Handle h) const {
  if (h.index >= live_.size()) return nullptr;
  Entry* e = places_[h.index].entry.load(std::memory_order_acquire);
  return e != nullptr && e->self == h ? e : nullptr;
}

Nanoseconds CapabilityTable::now(const Entry& e) const {
  return measure_ == Measure::monotonic ? clock_.monotonic() - started_ : Nanoseconds(clock_.wall().ns - e.capability.minted.ns);
}

// --- making --------------------------------------------------------------------------------------------------------

Handle CapabilityTable::place(std::uint32_t index, std::uint32_t generation, Capability capability, Standing standing) {
  WRIT_ASSERT(index < live_.size() && generation != 0 && places_[index].entry.load() == nullptr);
  Entry* above = entry(capability.parent);
  WRIT_ASSERT((above == nullptr) == (capability.parent == no_handle));
  // A split moves the parent's budgets to its children; what lies above still counts.
  const bool moved = capability.origin == Origin::split;
  const Meter meter(capability.grant.limits, above != nullptr && !moved ? above->capability.grant.limits : Limits{});
  Entry* next_meter = above == nullptr ? nullptr : moved || above->meter.empty() ? above->next_meter : above;
  seen_[index].store(0, std::memory_order_relaxed);
  const std::uint64_t now_standing = packed(generation, standing);
  secret_.raise(live_[index].standing, now_standing);  // shared words may know more
  SealedHeap::Change change(heap_);
  auto* made = new (heap_.allocate(sizeof(Entry), alignof(Entry)))
      Entry{.self = {index, generation}, .live = &live_[index], .parent = above, .next_meter = next_meter,
            .meter = meter.in(&heap_), .capability = capability.in(&heap_)};
  if (above != nullptr) {
    change.open(above, sizeof *above);
    ++above->children;
  }
  change.open(&places_[index], sizeof(Place));
  places_[index].metered = !meter.empty() || next_meter != nullptr;
  places_[index].entry.store(made, std::memory_order_release);
  places_[index].generation.store(generation, std::memory_order_release);
  return {index, generation};
}

Result<Handle> CapabilityTable::insert(Capability capability) {
  std::uint32_t index = next_, generation = 1;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
    WRIT_ASSERT(index < live_.size());
    generation = places_[index].generation + 1;
  } else if (next_ == live_.size()) {
    return Error{Code::exhausted, fmt::format("a table of {} capabilities is full", live_.size()), {}, "release or revoke some"};
  } else {
    ++next_;
  }
  auto& live = live_[index];
  secret_.clear(live);
  const bool starts_empty = capability.origin == Origin::split;
  const Handle made = place(index, generation, std::move(capability), Standing::active);
  const auto* e = entry(made);
  if (starts_empty) e->meter.start_empty(live, secret_, now(*e));
  return made;
}

namespace {
Error gone() { return {Code::denied, "the capability does not stand: it was revoked, split or released", {}, "writ cap ls"}; }
}  // namespace

Result<Handle> CapabilityTable::mint(Grant grant, std::string holder) {
  const std::lock_guard lock(mutex_);
  return insert({.grant = std::move(grant), .holder = std::pmr::string(holder), .minted = clock_.wall()});
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
  secret_.store(live_[h.index].standing, packed(h.generation, Standing::consumed));
  secret_.add(epoch_, 1);
}

void CapabilityTable::restore(Handle h) {
  std::uint64_t consumed = secret_.of(packed(h.generation, Standing::consumed));
  live_[h.index].standing.compare_exchange_strong(consumed, secret_.of(packed(h.generation, Standing::active)));  // unless revoked meanwhile
}

void CapabilityTable::mark_revoked(Handle h) {
  secret_.store(live_[h.index].standing, packed(h.generation, Standing::revoked));
  secret_.add(epoch_, 1);  // whoever remembers that its ancestors stand asks again
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
  secret_.store(live_[h.index].standing, packed(h.generation, Standing::unknown));
  SealedHeap::Change change(heap_);
  change.open(&places_[h.index], sizeof(Place));
  places_[h.index].entry.store(nullptr);
  if (e->parent != nullptr) {
    change.open(e->parent, sizeof *e->parent);
    --e->parent->children;
  }
  change.open(e, sizeof *e);
  e->~Entry();
  heap_.deallocate(e, sizeof *e, alignof(Entry));
  free_.push_back(h.index);
  return {};
}

// --- asking --------------------------------------------------------------------------------------------------------

bool CapabilityTable::walk(const Entry& e) const {
  for (const Entry *child = &e, *a = e.parent; a != nullptr; child = a, a = a->parent) {
    const auto standing = secret_.load(a->live->standing);
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

bool CapabilityTable::ancestors_stand(Handle h, std::uint64_t epoch) const {
  const auto* e = entry(h);
  if (e == nullptr || !walk(*e)) return false;
  seen_[h.index].store(epoch + 1, std::memory_order_relaxed);
  return true;
}

Standing CapabilityTable::standing(Handle h) const {
  const auto* e = entry(h);
  if (e == nullptr) return Standing::unknown;
  const auto standing = secret_.load(e->live->standing);
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
    if (of.uses) out.uses = std::min(*out.uses, remaining(*of.uses, secret_.load(m->live->uses)));
    if (of.bytes) out.bytes = std::min(*out.bytes, ByteCount(remaining(of.bytes->value(), secret_.load(m->live->bytes))));
    for (std::size_t i = 0; i < of.fields.size(); ++i) {
      const auto own = std::ranges::find(out.fields, of.fields[i].name, &FieldLimit::name);
      if (!of.fields[i].total || own == out.fields.end()) continue;
      const effect::Decimal rest{remaining(of.fields[i].total->millionths, secret_.load(m->live->fields[i]))};
      own->total = own->total ? std::min(*own->total, rest) : rest;
    }
  }
  return out;
}

CapabilityTable::Refusal CapabilityTable::lacking(Handle h, const Amounts& amounts) const {
  if (!stands(h)) return {{}, nullptr, true};
  if (!is_metered(h)) return {};
  const auto* e = entry(h);
  for (const Entry* m = e; m != nullptr; m = m->next_meter)
    if (const auto short_of = m->meter.lacking(*m->live, secret_, amounts, now(*m)); !short_of.none()) return {short_of, &m->capability, false};
  return {};
}

void CapabilityTable::give_back(Handle h, const Amounts& amounts) {
  for (const Entry* m = entry(h); m != nullptr; m = m->next_meter) m->meter.give_back(*m->live, secret_, amounts);
}

CapabilityTable::Refusal CapabilityTable::use(Handle h, const Amounts& amounts) {
  if (!stands(h)) return {{}, nullptr, true};
  if (!is_metered(h)) return {};
  const auto* e = entry(h);
  const auto give_back = [&](const Entry* end) {
    for (const Entry* m = e; m != end; m = m->next_meter) m->meter.give_back(*m->live, secret_, amounts);
  };
  for (const Entry* m = e; m != nullptr; m = m->next_meter) {
    const auto short_of = m->meter.take(*m->live, secret_, amounts, now(*m));
    if (short_of.none()) continue;
    give_back(m);
    return {short_of, &m->capability, false};
  }
  if (stands(h)) return {};
  give_back(nullptr);  // it ended while this was taken
  return {{}, nullptr, true};
}

}  // namespace writ::authority
