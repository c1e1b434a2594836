// What a task changed, or would change: each object before and after, as a unified diff where both are text, and each file.
#pragma once

#include "writ/runtime/runtime.h"
#include "writ/store/store.h"
#include "writ/workspace/contents.h"

namespace writ::runtime {

// Staged: against the versions that it read. Committed: from the history of the objects. Of a discarded task: nothing. Files:
// file_difference.h.
Result<Difference> difference(const store::View&, const workspace::Places&, const TaskId&, const task::Paths& only,
                              Detail = Detail::patches);

}  // namespace writ::runtime
