// What a task changed, or would change: each object before and after, as a unified diff where both are text.
#pragma once

#include "writ/runtime/runtime.h"
#include "writ/store/store.h"

namespace writ::runtime {

// Staged: against the versions that it read. Committed: from the history of the objects. Of a discarded task: nothing.
Result<Difference> difference(const store::View&, const TaskId&, const std::vector<std::string>& only);

}  // namespace writ::runtime
