// Recovery: what a crash left of commits to folders is finished by the next that opens the store.   Threads: one at a time.
#pragma once

#include "writ/base/result.h"
#include "writ/runtime/runtime.h"
#include "writ/store/store.h"

namespace writ::runtime {

// Finishes commits that a crash cut short; whoever opened the store to write also forgets copies that nobody can ask for any more.
// Whoever only reads has them finished too, if the store can be written: a folder that is half old and half new is nothing to look
// at.
Result<void> recover_files(store::Store&, const Options&);

}  // namespace writ::runtime
