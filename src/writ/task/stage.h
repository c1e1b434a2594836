// Stage: sealed tasks that wait for their operator. All that a settlement needs is in the store: the write set with its
// bodies, the read set, the listings, the changes to folders, both manifests, the journal; so a staged task survives the
// process and the machine. New contents of files lie beside, in workspace::Places::shadow(task) (workspace/keep.h).
// It has no receipt: that is made at the settlement. Until then only the store vouches for it (docs/formats/staged.md).
//
// A task that failed may be kept the same way, to be looked at: it can only be discarded (State::kept).
//
// Tables: task.staged (id -> canonical text), task.staged_journal, task.staged_files, task.staged_body (id, number of the
// write), in chunks.
// Threads: those of the View or Transaction.
#pragma once

#include <functional>
#include <optional>

#include "writ/store/store.h"
#include "writ/task/sealed.h"

namespace writ::task {

Result<void> keep_staged(store::Transaction&, const Sealed&);
// All of it is gone afterwards. `conflict` if it is not there (any more): somebody else settled it.
Result<void> forget_staged(store::Transaction&, const TaskId&);

enum class Bodies : std::uint8_t { leave, load };  // left: a body that is there is empty
// Nothing if no such task is staged. `corrupt` if what is kept is not what was sealed.
Result<std::optional<Sealed>> find_staged(const store::View&, const TaskId&, Bodies);
Result<bool> is_staged(const store::View&, const TaskId&);
// Those whose ids lie in [first, last], in the order of their ids.
Result<void> visit_staged(const store::View&, const TaskId& first, const TaskId& last,
                          const std::function<Result<store::Visit>(const TaskId&)>&);

// What names a set of changes: what `diff` shows and `commit TASK@DIGEST` demands. SHA-256 over the canonical text of the
// writes (path, version that it replaces, digest of the new content), then of what a receipt says of each file.
Sha256 changes_digest(const gate::ChangeSet&, const workspace::Changes&);
Sha256 changes_digest(const std::vector<proof::Write>&, const std::vector<proof::FileWrite>&);

}  // namespace writ::task
