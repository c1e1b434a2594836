// Settlement: a sealed task is committed or discarded, once, with a receipt either way: one store transaction in which the
// changes, the receipt, its leaf in the log and the task's place in the archive become visible together (gate/commit.h).
// Or it is staged first: kept as it is for its operator, who settles it later, perhaps in another process. What failed can be
// kept to be looked at; then it is discarded, and never commits.
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

#include "writ/gate/ledger.h"
#include "writ/proof/notary.h"
#include "writ/store/store.h"
#include "writ/task/choice.h"
#include "writ/task/sealed.h"
#include "writ/task/spec.h"
#include "writ/workspace/files.h"

namespace writ::task {

inline constexpr std::size_t shortest_digest = 16;  // of a digest that the operator repeats: 64 bits

// Where a settlement happens. What it points to must outlive the call.
struct Settling {
  store::Store& store;
  const proof::Notary& notary;
  gate::Ledger* ledger = nullptr;  // may be null if the task held none of its capabilities
  workspace::Files& files = workspace::host_files();
  workspace::Manner manner = workspace::Manner::in_place;
};

// What a capability of the ledger staged is refused if it was revoked meanwhile: then the task is discarded as denied.
Result<Report> settle(const Settling&, Sealed);
// What did not end well is settled at once: there is nothing to commit.
Result<Report> stage(const Settling&, Sealed);
// What ended well is settled at once; what failed, other than by a denial, stays to be looked at.
Result<Report> keep_failed(const Settling&, Sealed);

Result<Report> commit_staged(const Settling&, const Clock&, const TaskId&, const Choice&);
Result<Report> discard_staged(const Settling&, const TaskId&);  // of what is kept, too

}  // namespace writ::task
