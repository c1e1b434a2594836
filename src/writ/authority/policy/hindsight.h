// Hindsight: what a policy would have decided about effects that are already in a journal. A commit asks it about
// everything that the task did before (a policy may have changed since); `writ policy replay` asks it about past tasks.
//
// A journal tells of a run of equal effects how much it moved in all and how large the object became, not each step. A
// run is judged by its average and its largest size, and is marked as not exact where that can matter.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "writ/authority/policy/enforcer.h"
#include "writ/effect/journal.h"

namespace writ::authority::policy {

struct Change {
  std::size_t entry = 0;  // index in the journal
  enum class Turn : std::uint8_t { now_refused, now_allowed } turn = Turn::now_refused;
  std::vector<std::string> by;  // the rules that refuse it now
  bool exact = true;
};

// The entries that would be decided otherwise: allowed ones that some rule refuses, and ones refused by a policy that none
// refuses. Rates are left out, since a journal has no times. `grants` are those of the task, in order.
std::vector<Change> changes(const std::shared_ptr<const Program>&, const ComponentFacts&, std::span<const Grant> grants,
                            std::span<const effect::Entry> journal);

// For a commit: `denied`, naming the first effect that the policy now in force refuses.
Result<void> check_again(const std::shared_ptr<const Program>&, const ComponentFacts&, std::span<const Grant> grants,
                         std::span<const effect::Entry> journal);

}  // namespace writ::authority::policy
