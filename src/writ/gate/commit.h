// The commit protocol: a task's writes, its place in the log and its receipt become visible in one store transaction, or
// none of them does.
//
// settle() decides inside the transaction: every object that the task looked at must still be in the version that it
// saw (optimistic concurrency control; a lost race is `conflict`, and nothing is written). Then it applies the changes,
// moves the state root, and calls for the testimony. No receipt, no commit: if the testimony fails, nothing happened.
//
// Threads: blocks until durable. The testimony runs as a store::Store::Change, on whatever thread writes.
// Source: architecture.md sections 1, 3.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "writ/gate/change_set.h"
#include "writ/store/store.h"

namespace writ::gate {

struct AppliedWrite {
  std::string path;
  ObjectVersion before, after;
  bool removed = false;
  DigestPair digest;  // of the new body; of no bytes if removed
  std::uint64_t size = 0;
};

struct Applied {
  std::vector<AppliedWrite> writes;  // by path
  Sha256 state_before, state_after;
};

// Makes the receipt and appends it to the log, in the same transaction.
using Testimony = std::function<Result<void>(store::Transaction&, const Applied&)>;

// Whether everything that the task relied on is still so; else `conflict`.
Result<void> validate(store::Transaction&, const ChangeSet&);

// With changes: commits them. Without: nothing is written but the testimony of what was tried.
Result<void> settle(store::Store&, const ChangeSet*, const Testimony&);

}  // namespace writ::gate
