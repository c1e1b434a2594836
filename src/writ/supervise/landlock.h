// Landlock: a process confines itself, and what it executes, to named parts of the file system (Linux 5.13 and later).
//
// On kernels that have it, also no TCP, no device ioctls, no signals and no abstract sockets to anybody outside.
#pragma once

#include "writ/base/fd.h"
#include "writ/base/result.h"
#include "writ/supervise/command.h"

namespace writ::supervise {

struct Ruleset {
  Fd fd;        // empty: not confined
  int abi = 0;  // of the kernel; 0 if it has no Landlock or the confinement is empty
};

// The ruleset that a child enters with landlock_restrict_self. Paths that do not exist are left out. An Error only if
// the kernel has Landlock and refuses a rule.
Result<Ruleset> make_ruleset(const Confinement&);

}  // namespace writ::supervise
