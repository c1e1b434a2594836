// Selection: how people name a task. A name of its own, given by --id and used once; its id, or a prefix of four or more
// digits that no other task has; `@` for this user's last task in this store, `@2` for the one before.
//
// Table: task.name (name -> id).   Threads: those of the View or Transaction.
#pragma once

#include <string_view>

#include "writ/base/id.h"
#include "writ/store/store.h"

namespace writ::task {

// Names may hold letters, digits, '.', '_' and '-', at most 64, and may not look like an id or begin with '@'.
Result<void> check_name(std::string_view name);
// `conflict` if the name is taken. An empty name is none.
Result<void> take_name(store::Transaction&, std::string_view name, const TaskId&);
// `unavailable` if there is no such task; `invalid` if there are several, which it lists, or if the text is no task's.
Result<TaskId> find_task(const store::View&, std::string_view text);

}  // namespace writ::task
