// Capability: a set of permitted effects with limits. CapabilitySet: everything one task may do, and what it has used.
//
// Default deny: an effect that no capability covers is refused. A deny wins over every grant. Nothing widens.
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
  std::uint32_t capability = 0;  // index of the capability that allows it, or whose limit refuses it
  std::string by;                // the deny's text, or the name of the limit that refuses
  bool allowed() const { return refusal == effect::Refusal::none; }
};

class CapabilitySet {
 public:
  // Grants and denies as the operator gave them, in order.
  CapabilitySet(std::vector<Grant> grants, std::vector<Grant> denies, const Clock& clock);

  // Decides and changes nothing. Tries every covering capability; the first whose limits hold is named.
  Decision decide(const effect::Effect&) const;
  // Charges uses, bytes and rate of the capability that a decision named. Only after decide() allowed this very effect.
  void spend(const Decision&, const effect::Effect&);

  const std::vector<Grant>& grants() const { return grants_; }
  const std::vector<Grant>& denies() const { return denies_; }
  // Whether anything at or below this path could be covered: a folder on the way to a granted file may be listed.
  bool covers_below(effect::Kind, std::string_view path) const;

 private:
  struct Used { std::uint64_t uses = 0, bytes = 0; double tokens = 0; Nanoseconds refilled{}; };
  std::vector<Grant> grants_, denies_;
  std::vector<Used> used_;
  const Clock& clock_;
  Nanoseconds started_;
};

}  // namespace writ::authority
