// Audit: verifies everything that a store says, against the keys that its owner has signed with.
//
// Each receipt verifies offline; its statement is the leaf that the log has at its index; its journal has the root that it
// signs; the log has no leaf without a receipt; each task began at the state root at which the one before ended; every
// version of every object was written by exactly the receipt that says so; and the state root, made anew from all objects,
// is the last one. Linear in the tasks and in all that they wrote.   Source: proof.md "Audit".
#pragma once

#include <vector>

#include "writ/proof/verify/key.h"
#include "writ/runtime/runtime.h"
#include "writ/store/store.h"

namespace writ::runtime {

Result<AuditReport> audit(const store::View&, const std::vector<proof::VerifierKey>&, const Clock&);

// One task of it: `corrupt` says what does not hold.
Result<void> verify_task(const store::View&, const std::vector<proof::VerifierKey>&, const TaskId&);

}  // namespace writ::runtime
