// Replays and reruns: a task told again, from the store (task/replay.h).
#pragma once

#include "writ/runtime/runtime.h"
#include "writ/store/store.h"
#include "writ/task/executor.h"

namespace writ::runtime {

Result<std::vector<std::string>> replay(const store::View&, task::Executor&, const TaskId&, task::Input);
Result<task::Spec> retell(const store::View&, const TaskId&);

}  // namespace writ::runtime
