// CapabilityTable: capabilities in memory. A capability is an entry that guests cannot reach (host memory, key 0) and that
// the process itself can only read (sealed_heap.h), except where the table changes one; code holds a Handle of 64 bits.
//
//   mint       a capability from nothing: an operator's grant
//   attenuate  a narrower child: its grant is the meet, and what it uses is counted by its parent too
//   split      children that divide the budgets that are left; the parent is consumed, and so is what else descends from it
//   delegate   a child that only one holder may use
//   revoke     the capability and all its descendants, by one change of the epoch
//
// States of an entry: free -> active -> consumed or revoked; consumed -> revoked; revoked or active -> free (release), with
// another generation. A use asks whether it stands, takes from the budgets, and asks again: so it is before a revocation
// or after it, and what it took after is given back. The answer to "does it stand" is remembered for the epoch, so that
// it costs a few loads however deep the capability is; after a revocation anywhere in the table, once, a walk to the root.
//
// Threads: all methods, any thread. stands(), lacking() and use() take no lock and do not allocate. The changing words
// (Live, and the epoch) are kept under a secret (meter.h), so that what a stray pointer writes there denies. They may lie in
// memory shared with other processes; then `wall` times are their common measure.
#pragma once

#include <memory>
#include <memory_resource>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "writ/authority/grant.h"
#include "writ/authority/meter.h"
#include "writ/base/sealed_heap.h"

namespace writ::authority {

struct Handle {
  std::uint32_t index = 0, generation = 0;
  friend auto operator<=>(const Handle&, const Handle&) = default;
};
inline constexpr Handle no_handle{};  // generations begin with 1
std::string text(Handle);                       // as people write it: "7.1"
Result<Handle> parse_handle(std::string_view);  // `invalid` says what one looks like

enum class Origin : std::uint8_t { minted, attenuated, split, delegated };
std::string_view name(Origin);

inline constexpr std::uint32_t max_depth = 256;    // of descent; a walk to the root is short
inline constexpr std::size_t max_holder = 128;     // bytes: "code:" and a digest, or a name

// What a capability is. A value, and it never changes.
struct Capability {
  Grant grant;
  Origin origin = Origin::minted;
  Handle parent = no_handle;
  std::uint32_t depth = 0;  // of a root: 0
  std::pmr::string holder = {};  // who alone may use it; empty: whoever has the handle
  WallTime minted = {};          // from here its rate is measured
  Capability in(std::pmr::memory_resource*) const;  // a copy that lies there with all it has
};

// What the children would be. They decide and change nothing; `parent` is the handle of `from`.
Result<Capability> attenuated(const Capability& from, Handle parent, const Grant& to);
Result<Capability> delegated(const Capability& from, Handle parent, std::string holder);
// One child for each part, which names its share of every budget that `left` (what is left of the parent's) has.
Result<std::vector<Capability>> split(const Capability& from, Handle parent, const Limits& left, std::span<const Limits> parts);

enum class Standing : std::uint8_t { unknown, active, consumed, revoked };
std::string_view name(Standing);

class CapabilityTable {
 public:
  enum class Measure : std::uint8_t { monotonic, wall };
  struct Words {
    std::atomic<std::uint64_t>& epoch;
    std::span<Live> live;  // as many capabilities as fit
    Secret secret;         // that all of them lie under
  };
  CapabilityTable(std::uint32_t capacity, const Clock&);          // words of its own; monotonic time
  CapabilityTable(std::uint32_t capacity, const Clock&, SealedHeap&);  // the same, in a heap that outlives it
  CapabilityTable(Words shared, const Clock&, Measure);
  ~CapabilityTable();
  CapabilityTable(const CapabilityTable&) = delete;
  CapabilityTable& operator=(const CapabilityTable&) = delete;

  // `exhausted` when the table is full; `denied` if what it comes from does not stand.
  Result<Handle> mint(Grant, std::string holder = {});
  Result<Handle> attenuate(Handle, const Grant& to);
  Result<std::vector<Handle>> split(Handle, std::span<const Limits> parts);
  Result<Handle> delegate(Handle, std::string holder);
  Result<void> revoke(Handle);
  // Forgets one without children (`conflict` if it has some). Nobody may be using it: its place goes to the next one.
  Result<void> release(Handle);

  // The same for an owner that keeps the entries elsewhere as well: puts what was decided at this place.
  Handle place(std::uint32_t index, std::uint32_t generation, Capability, Standing);
  void consume(Handle);  // for a split: no use after this returns
  void restore(Handle);  // of a split that failed: it is active again
  void mark_revoked(Handle);

  bool stands(Handle) const;              // active, and no ancestor revoked
  Standing standing(Handle) const;        // its own state, or `revoked` if an ancestor is
  const Capability* find(Handle) const;   // null if there is none; lives until it is released
  Limits left(Handle) const;              // its limits, with what is left of budgets along its descent

  struct Refusal {
    Shortage shortage;
    const Capability* of = nullptr;  // whose limits these are; null: nothing refuses, or it does not stand
    bool gone = false;               // revoked, consumed or unknown
    bool allowed() const { return !gone && shortage.none(); }
  };
  Refusal lacking(Handle, const Amounts&) const;
  Refusal use(Handle, const Amounts&);  // takes from all budgets, or from none
  bool is_metered(Handle h) const { return places_[h.index].metered; }  // for one that stands: whether a use takes anything
  void give_back(Handle, const Amounts&);       // what a use took, and was not used after all

 private:
  struct Entry;
  struct Place {
    std::atomic<Entry*> entry{nullptr};
    std::atomic<std::uint32_t> generation{0};  // of the last that was here
    bool metered = false;                      // it, or some ancestor, counts
  };
  void make_places();
  Result<Handle> insert(Capability);
  Entry* entry(Handle) const;
  Nanoseconds now(const Entry&) const;
  bool walk(const Entry&) const;
  bool ancestors_stand(Handle, std::uint64_t epoch) const;
  static constexpr std::uint64_t packed(std::uint32_t generation, Standing s) {
    return std::uint64_t{generation} << 32 | static_cast<std::uint64_t>(s);
  }

  const Clock& clock_;
  const Measure measure_;
  const Secret secret_;
  std::atomic<std::uint64_t> own_epoch_{0};
  std::unique_ptr<Live[]> own_live_;
  std::atomic<std::uint64_t>& epoch_;
  const std::span<Live> live_;
  const Nanoseconds started_;
  SealedHeap own_heap_;
  SealedHeap& heap_;                   // of entries and places
  Place* places_ = nullptr;
  // Of each place: the epoch in which all ancestors stood, as the epoch's word says it, and one more.
  std::unique_ptr<std::atomic<std::uint64_t>[]> seen_;
  mutable std::mutex mutex_;           // of changes to the two below and of the heap, and of states
  std::vector<std::uint32_t> free_;    // places
  std::uint32_t next_ = 0;
};

// The loads depend on nothing but the index, and not on each other. A place without an entry is not active.
inline bool CapabilityTable::stands(Handle h) const {
  if (h.index >= live_.size() || places_[h.index].generation.load(std::memory_order_acquire) != h.generation) return false;
  const auto epoch = epoch_.load();  // before the ancestors are looked at
  if (live_[h.index].standing.load() != secret_.of(packed(h.generation, Standing::active))) return false;
  return seen_[h.index].load(std::memory_order_relaxed) == epoch + 1 || ancestors_stand(h, epoch);
}

}  // namespace writ::authority
