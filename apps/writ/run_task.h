// One task from a request to its last line: what `run` and `rerun` share.
#pragma once

#include "run_options.h"

namespace writ::cli {

Status run_task(Invocation&, RunRequest&);

}  // namespace writ::cli
