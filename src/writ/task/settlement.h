// Settlement: a sealed task is committed or discarded, once, with a receipt either way: one store transaction in which the
// changes, the receipt, its leaf in the log and the task's place in the archive become visible together (gate/commit.h).
// Or it is staged first: kept as it is for its operator, who settles it later, perhaps in another process.
//
// What ended well commits, unless somebody changed what it had read: then it is discarded with a receipt that says over
// what the race was lost. A task that failed can still lose a race for its name; its receipt is worth more than that.
//
// A staged task that cannot be committed now stays staged and nothing is written: `conflict` if what it read was changed
// since, if its changes are not those that the operator saw, or if somebody else settled it; `denied` if what allowed it to
// write has expired or was revoked, or if the choice's policy refuses what is meant.
//
// Threads: any; blocks until durable.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "writ/gate/ledger.h"
#include "writ/proof/notary.h"
#include "writ/store/store.h"
#include "writ/task/sealed.h"
#include "writ/task/spec.h"

namespace writ::task {

inline constexpr std::size_t shortest_digest = 16;  // of a digest that the operator repeats: 64 bits

// Which of a staged task's changes are meant.
struct Choice {
  std::string digest;             // as `diff` showed it, or its first 16 digits or more; empty: whatever they are
  std::vector<std::string> only;  // objects, and folders for all below them; empty: all. The others are given up
  std::shared_ptr<const authority::policy::Program> policy = nullptr;  // asked once more about what is meant; may be null
};

// `ledger` may be null if the task held none of its capabilities. What such a capability staged is refused if it was
// revoked meanwhile: then the task is discarded as denied.
Result<Report> settle(store::Store&, const proof::Notary&, Sealed, gate::Ledger* ledger = nullptr);
// What did not end well is settled at once: there is nothing to look at.
Result<Report> stage(store::Store&, const proof::Notary&, Sealed, gate::Ledger* ledger = nullptr);

Result<Report> commit_staged(store::Store&, const proof::Notary&, const Clock&, const TaskId&, const Choice&,
                             gate::Ledger* ledger = nullptr);
Result<Report> discard_staged(store::Store&, const proof::Notary&, const TaskId&);

// The writes that a choice means: `invalid` for a path that means none.
Result<gate::ChangeSet> choose(const gate::ChangeSet&, const std::vector<std::string>& only);

}  // namespace writ::task
