// Runs one program to its end under limits (command.h).
//
// The child starts from nothing: descriptors 0-2 only, the given environment, default signal handlers, an empty mask,
// umask 077, no new privileges, lowest CPU priority among equals (nice 5), a process group of its own. It dies with the
// calling thread. When it ends, or a limit is reached, its whole process group is killed.
//
// Threads: may be called from any thread of a process with many, also from one that runs guests (all signals masked,
// protection keys in use). Blocks until the child has ended.
#pragma once

#include "writ/base/result.h"
#include "writ/supervise/command.h"

namespace writ::supervise {

// `unavailable` if the program is missing, `denied` if it is not executable (both name the package); the program's own
// failure is not an error but in Finished.
Result<Finished> run(const Command&);

}  // namespace writ::supervise
