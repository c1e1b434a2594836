// Archive: where settled tasks are kept and found again. The receipt is the record; beside it lie the journal whose root
// it signs, and two indexes: by time and by name. Everything is written in the transaction of the commit.
//
// Tables: task.receipt (id -> receipt), task.journal (id -> entries, a canonical JSON line each), task.order (start in
// nanoseconds, big-endian, then id -> empty), task.name (name -> id).   Threads: those of the View or Transaction.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/clock.h"
#include "writ/base/id.h"
#include "writ/effect/journal.h"
#include "writ/store/store.h"

namespace writ::task {

struct Filed {
  TaskId id;
  std::string name;  // empty: none
  WallTime started;
  std::string receipt;
};

// `conflict` if the name is taken.
Result<void> file(store::Transaction&, const Filed&, const std::vector<effect::Entry>& journal);

Result<std::optional<std::string>> find_receipt(const store::View&, const TaskId&);
Result<std::vector<effect::Entry>> find_journal(const store::View&, const TaskId&);

// An id, a unique prefix of four or more digits, a name, "@" (the last) or "@N" (the N-th last).
Result<TaskId> find_task(const store::View&, std::string_view text);

// Newest first, started in [since, until), until the visitor has enough.
Result<void> visit_tasks(const store::View&, std::optional<WallTime> since, std::optional<WallTime> until,
                         const std::function<Result<store::Visit>(const TaskId&)>&);

// Names may hold letters, digits, '.', '_' and '-', at most 64, and may not look like an id or begin with '@'.
Result<void> check_name(std::string_view name);

}  // namespace writ::task
