// CapabilitySet: everything one task may do.
//
// Default deny: an effect that no capability covers is refused. A deny wins over every grant. Nothing widens.
// The most exact words decide first: a grant of one thing (no wildcard, no trailing '/') before a wider one, and among
// equals the order in which they were given. Grants become capabilities of a table of the task's own; capabilities of
// another table, which others use and revoke meanwhile, may be added.
//
// Threads: one task, one thread.   Source: interface.md "Grants", authority.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "writ/authority/capability_table.h"
#include "writ/authority/grant.h"
#include "writ/base/clock.h"
#include "writ/effect/journal.h"

namespace writ::authority {

struct Decision {
  effect::Refusal refusal = effect::Refusal::no_capability;
  std::uint32_t capability = 0;  // index of the capability that allows it, or whose limits refuse it
  std::string by;                // the deny's text, or refused_by() of the limits; empty if allowed or not covered
  bool allowed() const { return refusal == effect::Refusal::none; }
};

// How a journal names limits that refuse: "uses,bytes of file.read:/x/,bytes=1MiB,uses=3". explain.cc reads it back.
std::string refused_by(Shortage limits, const Grant& grant);

// What CapabilitySet::learn() allows, besides every effect of one's own.
std::span<const std::string_view> learned_grants();

class CapabilitySet {
 public:
  // Grants and denies as the operator gave them, in order. Limits of a deny do not weaken it. `clock` outlives this.
  CapabilitySet(std::vector<Grant> grants, std::vector<Grant> denies, const Clock& clock);

  // One more, of a table that outlives this. It is asked after the grants that are as exact. Returns its index.
  std::uint32_t add(CapabilityTable& table, Handle capability);

  // Allows what is read or staged, unless it may hold secrets (sensitive.h), where no capability is more exact: for a task
  // that is run to learn what it needs, and whose writes are always discarded.
  void learn();
  bool is_learned(std::uint32_t index) const { return sealed_->held[index].secrets == Secrets::never; }  // allowed by learn() alone

  // Decides and changes nothing. Tries every covering capability; the first whose limits hold is named.
  Decision decide(const effect::Effect&) const;
  // Decides, and takes from the budgets of the capability that allows it.
  Decision use(const effect::Effect&);
  // Of an effect that use() allowed and that does not happen after all.
  void give_back(std::uint32_t capability, const effect::Effect&);
  // The same for an effect that is known to be covered by this capability, and by no deny, because it was allowed before:
  // on something already open. Matches nothing, takes no lock and does not allocate; `false` means ask use().
  bool use_again(std::uint32_t capability, std::uint64_t bytes, std::uint64_t size);
  // Whether it would, for who asks somebody else before anything is taken.
  bool could_use_again(std::uint32_t capability, std::uint64_t bytes, std::uint64_t size) const;

  // Some grant covers it and no deny does, whatever limits say: for where a path really leads (File::real_path), once the
  // effect itself was decided and paid for.
  bool permits(effect::Kind kind, std::string_view resource) const;
  // The deny that covers it, whatever is granted: for another name of the same thing (File::host_path).
  const Grant* deny_of(effect::Kind kind, std::string_view resource) const;

  // By index of capability; those that were added have theirs, with the limits that they were made with.
  std::span<const Grant> grants() const { return sealed_->grants; }
  std::span<const Grant> denies() const { return sealed_->denies; }
  // Whether anything at or below this path could be covered: a folder on the way to a granted file may be listed.
  bool covers_below(effect::Kind, std::string_view path) const;

 private:
  enum class Secrets : bool { as_covered, never };
  struct Held {
    CapabilityTable* table;
    Handle handle;
    Secrets secrets;
    bool counted_only;  // no limit but those that the table counts
    bool is_metered;    // the table counts something
  };
  struct Answer {
    Shortage shortage;
    const Grant* of = nullptr;  // whose limits they are
    bool gone = false;
    bool allowed() const { return !gone && shortage.none(); }
  };
  Shortage outside(const Limits&, std::uint64_t size, const effect::Fields&) const;  // of what is not counted: times, sizes, fields
  Answer limits_of(std::size_t index, const effect::Effect&, CapabilityTable::Refusal counted) const;
  template <class Ask>
  Decision choose(const effect::Effect&, Ask) const;
  void hold(CapabilityTable& table, Handle capability, Secrets secrets);
  void open(SealedHeap::Change&) const;
  bool covers(std::uint32_t index, effect::Kind kind, std::string_view resource) const;

  // What decides: it lies in pages that the process may only read, and is not destroyed but goes with them.
  struct Sealed {
    explicit Sealed(std::pmr::memory_resource* m) : grants(m), denies(m), held(m), order(m) {}
    std::pmr::vector<Grant> grants, denies;
    std::pmr::vector<Held> held;            // by index
    std::pmr::vector<std::uint32_t> order;  // indices, those of one thing first
    std::size_t plain = 0;                  // how many those are
  };

  const Clock& clock_;
  const Nanoseconds started_;
  SealedHeap heap_;
  std::optional<CapabilityTable> own_;
  Sealed* sealed_ = nullptr;
};

}  // namespace writ::authority
