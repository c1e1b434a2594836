// Archive: what is kept of a settled task. The receipt is the record; beside it lies the journal whose root it signs. Both
// are written in the transaction of the settlement. How a task is found: selection.h, index.h.
//
// Tables: task.receipt (id -> receipt), task.journal (id -> entries, a canonical JSON line each).
// Threads: those of the View or Transaction.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "writ/base/id.h"
#include "writ/effect/journal.h"
#include "writ/store/store.h"

namespace writ::task {

Result<void> file(store::Transaction&, const TaskId&, const std::string& receipt, const std::vector<effect::Entry>& journal);

Result<std::optional<std::string>> find_receipt(const store::View&, const TaskId&);
Result<std::vector<effect::Entry>> find_journal(const store::View&, const TaskId&);

// The settled tasks whose ids lie in [first, last], in the order of their ids.
Result<void> visit_ids(const store::View&, const TaskId& first, const TaskId& last,
                       const std::function<Result<store::Visit>(const TaskId&)>&);

}  // namespace writ::task
