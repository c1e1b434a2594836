// What the store says of a task, for lists: its receipt, or what is staged. Read, not verified: verify and audit do that.
#pragma once

#include "writ/proof/verify/receipt.h"
#include "writ/runtime/runtime.h"
#include "writ/store/store.h"

namespace writ::runtime {

Result<TaskSummary> summarise(std::string_view receipt);
Result<std::string> receipt_of(const store::View&, const TaskId&);
Result<TaskRecord> record_of(const store::View&, const TaskId&);
// Of a task that is staged too.
Result<std::vector<effect::Entry>> journal_of(const store::View&, const TaskId&);
Result<std::vector<TaskSummary>> list_tasks(const store::View&, const TaskFilter&);

}  // namespace writ::runtime
