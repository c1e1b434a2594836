// Capability: a set of permitted effects with limits. CapabilitySet: everything one task may do, and what it has used.
//
// Default deny: an effect that no capability covers is refused. A deny wins over every grant. Nothing widens.
// The most exact words decide first: a grant of one thing (no wildcard, no trailing '/') before a wider one, and among
// equals the order in which they were given.
//
// Threads: one task, one thread. Source: interface.md "Grants", authority.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
std::string refused_by(const std::vector<effect::Limit>& limits, const Grant& grant);

class CapabilitySet {
 public:
  // Grants and denies as the operator gave them, in order. Limits of a deny do not weaken it. `clock` outlives this.
  CapabilitySet(std::vector<Grant> grants, std::vector<Grant> denies, const Clock& clock);

  // Decides and changes nothing. Tries every covering capability; the first whose limits hold is named.
  Decision decide(const effect::Effect&) const;
  // Charges uses, bytes and rate of the capability that a decision named. Only after decide() allowed this very effect.
  void spend(const Decision&, const effect::Effect&);

  // Some grant covers it and no deny does, whatever limits say: for where a path really leads (File::real_path), once the
  // effect itself was decided and paid for.
  bool permits(effect::Kind kind, std::string_view resource) const;
  // The deny that covers it, whatever is granted: for another name of the same thing (File::host_path).
  const Grant* deny_of(effect::Kind kind, std::string_view resource) const;

  const std::vector<Grant>& grants() const { return grants_; }
  const std::vector<Grant>& denies() const { return denies_; }
  // Whether anything at or below this path could be covered: a folder on the way to a granted file may be listed.
  bool covers_below(effect::Kind, std::string_view path) const;

 private:
  __extension__ using Credit = unsigned __int128;  // of a token bucket, in nanoseconds times count: exact
  struct Used {
    std::uint64_t uses = 0, bytes = 0;
    Credit credit = 0;        // at `refilled`; one effect costs rate.per, a full bucket holds count * per
    Nanoseconds refilled{};
  };
  Credit credit(const Rate& rate, const Used& used, Nanoseconds now) const;
  std::vector<effect::Limit> refusing(std::size_t capability, const effect::Effect&) const;

  std::vector<Grant> grants_, denies_;
  std::vector<std::uint32_t> order_;  // indices of grants_, those of one thing first
  std::vector<Used> used_;
  const Clock& clock_;
  Nanoseconds started_;
};

}  // namespace writ::authority
