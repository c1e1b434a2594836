// One task from a request to its last line: what `run` and `rerun` share.
#pragma once

#include "run_options.h"

namespace writ::cli {

Status run_task(Invocation&, RunRequest&);
// Locks this process (runtime::lock_process) unless the guest is to be a process of its own.
void lock_before(const task::Spec&);

}  // namespace writ::cli
