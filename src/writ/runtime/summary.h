// What a receipt says of its task, for lists. Read, not verified: verify and audit do that.
#pragma once

#include "writ/proof/verify/receipt.h"
#include "writ/runtime/runtime.h"
#include "writ/store/store.h"

namespace writ::runtime {

Result<TaskSummary> summarise(std::string_view receipt);
Result<std::vector<TaskSummary>> list_tasks(const store::View&, const TaskFilter&);

}  // namespace writ::runtime
