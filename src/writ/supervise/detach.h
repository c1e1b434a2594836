// Starts one of our own programs for work that nobody waits for, and which outlives the caller.
//
// It belongs to no session, terminal or job: a session of its own, the null device for 0-2, no other descriptor, the given
// environment, its parent is init. It comes after everybody else (nice 19, SCHED_IDLE) and ends by itself: limits of CPU
// time and memory are the kernel's, and the wall time is an alarm, which kills. It may start limited children (run.h);
// these die with it.
//
// Threads: any. Returns as soon as the program runs.
#pragma once

#include "writ/base/result.h"
#include "writ/supervise/command.h"

namespace writ::supervise {

// Of the command: program, arguments, environment, folder, confinement, and of its limits wall, cpu, address_space and
// file_size. The rest is not looked at.
Result<void> detach(const Command&);

}  // namespace writ::supervise
