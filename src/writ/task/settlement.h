// Settlement: a sealed task is committed or discarded, once, with a receipt either way: one store transaction in which the
// changes, the receipt, its leaf in the log and the task's place in the archive become visible together (gate/commit.h).
//
// What ended well commits, unless somebody changed what it had read: then it is discarded with a receipt that says over
// what the race was lost. A task that failed can still lose a race for its name; its receipt is worth more than that.
//
// Threads: any; blocks until durable.
#pragma once

#include "writ/proof/notary.h"
#include "writ/store/store.h"
#include "writ/task/sealed.h"
#include "writ/task/spec.h"

namespace writ::task {

Result<Report> settle(store::Store&, const proof::Notary&, Sealed);

}  // namespace writ::task
