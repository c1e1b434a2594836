// Archive: what is kept of a settled task. The receipt is the record, in its kept form (proof/kept_receipt.h) and rebuilt when
// it is asked for; behind it lies the journal whose root it signs. Both are written in the transaction of the settlement.
// How a task is found: selection.h, index.h.
//
// Tables: task.receipt (id -> length of the kept receipt, kept receipt, journal in shorthand), task.journal (id -> journal
// in shorthand, if it is long).
// Threads: those of the View or Transaction.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "writ/base/id.h"
#include "writ/effect/journal.h"
#include "writ/proof/kept_receipt.h"
#include "writ/store/store.h"

namespace writ::task {

Result<void> file(store::Transaction&, const TaskId&, const proof::KeptReceipt&, const std::vector<effect::Entry>& journal);

// Byte for byte as it was issued; nothing if there is no such task.
Result<std::optional<std::string>> find_receipt(const store::View&, const TaskId&);
Result<std::vector<effect::Entry>> find_journal(const store::View&, const TaskId&);

// The settled tasks whose ids lie in [first, last], in the order of their ids.
Result<void> visit_ids(const store::View&, const TaskId& first, const TaskId& last,
                       const std::function<Result<store::Visit>(const TaskId&)>&);

}  // namespace writ::task
