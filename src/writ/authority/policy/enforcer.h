// Enforcer: one policy in force for one task. It decides about effects that a capability already allows, remembers what
// is fixed, keeps the token buckets, and counts violations so that repeats escalate.
//
// decide() costs a hash of the resource once the fixed part is known, plus the bytecode of the rules that both may be
// about this resource and depend on what varies. How many rules the policy has does not matter. What is remembered is
// bounded; a guest that touches ever new resources only makes its own decisions slower.
//
// Deny wins: every rule that does not hold is named, and one is enough. A rule whose expression fails does not hold.
//
// Threads: one task, one thread. The program is shared.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "writ/authority/policy/facts.h"
#include "writ/authority/policy/program.h"
#include "writ/authority/policy/value.h"
#include "writ/base/clock.h"
#include "writ/effect/effect.h"

namespace writ::authority::policy {

struct Violation {
  std::uint32_t word = 0;           // of the program
  Failure failure = Failure::none;  // the expression failed, and did not come to false
  friend bool operator==(const Violation&, const Violation&) = default;
};

// What is done about violations: the strongest response of all rules that refuse.
struct Incident {
  Response response = Response::log;
  std::string by;  // the rules, with file, line, severity and response: what the journal says
};

// Of the component, before this effect.
struct Counts {
  std::uint64_t effects = 0, denied = 0;
};

class Enforcer {
 public:
  Enforcer(std::shared_ptr<const Program> program, ComponentFacts component, std::vector<CapabilityFacts> capabilities,
           const Clock& clock);

  // The rules that refuse this effect under that capability, in the order of the file; empty: none does. Valid until the
  // next call. Changes nothing but what is remembered.
  std::span<const Violation> decide(const effect::Effect&, std::uint32_t capability, Counts);
  // The effect is done: the token buckets pay. Only after decide() allowed it.
  void spend(const effect::Effect&);
  // Counts the violations and says what is done.
  Incident respond(std::span<const Violation>);

  // Another policy from here on; counts stay with the rules that have the same name, buckets begin full.
  void replace(std::shared_ptr<const Program>);
  const Program& program() const { return *program_; }

 private:
  // Which of the rules still depend on what varies, and the values of their fixed parts.
  struct Residual {
    std::uint32_t rule = 0, slots = 0;  // slots: where they begin in `values`
  };
  // What is known for a kind, a capability and a resource.
  struct Remembered {
    std::uint64_t hash = 0;
    std::uint32_t capability = 0;
    effect::Kind kind{};
    std::string resource;
    std::vector<Violation> fixed;  // refused whatever varies
    std::vector<Residual> residuals;
    std::vector<Value> values;
  };
  struct Bucket {
    Ceiling ceiling;
    std::uint32_t word = 0;
    __int128 credit = 0;  // in bytes times nanoseconds, or effects times 3,600 seconds
    Nanoseconds refilled{};
  };

  const Remembered& remember(const effect::Effect&, std::uint32_t capability, std::uint64_t hash);
  void fill(Remembered&);
  Facts facts(effect::Kind, std::string_view resource, std::uint32_t capability) const;
  void open_buckets();
  void refill(Bucket&, Nanoseconds now) const;

  std::shared_ptr<const Program> program_;
  ComponentFacts component_;
  std::vector<CapabilityFacts> capabilities_;
  const Clock& clock_;
  std::vector<std::unique_ptr<Remembered>> memory_;
  std::vector<std::uint32_t> candidates_;  // scratch of fill()
  std::vector<Violation> refusing_;        // scratch of decide()
  std::vector<Bucket> buckets_;
  std::vector<std::uint64_t> violations_;  // by word
};

// "rule PaymentPolicy.limits at pay.policy:12" and so on, taken out of Incident::by.
std::string describe(const Program&, const Violation&);

}  // namespace writ::authority::policy
