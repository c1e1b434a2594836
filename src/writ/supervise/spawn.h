// The child's side of a spawn: from clone(2) to execve(2).
//
// The child shares the parent's memory and the parent's thread sleeps until the exec (CLONE_VM | CLONE_VFORK), so that a
// process with hundreds of gigabytes reserved spawns as fast as a small one. Everything here is therefore made of system
// calls alone: no allocation, no locks, no C++ runtime. What can be prepared is prepared by the parent in `Spawn`.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "writ/base/fd.h"
#include "writ/base/result.h"
#include "writ/supervise/command.h"

namespace writ::supervise {

// `watched`: dies with us, under the filter, without capabilities. `detached`: its own session and parent, last in every
// queue, killed by an alarm (detach.h).
enum class Tie : std::uint8_t { watched, detached };

// Everything the child needs, as it needs it. Pointers live in the caller until spawn() returns.
struct Spawn {
  const char* program;
  char* const* arguments;    // null-terminated, with the program's name first
  char* const* environment;  // null-terminated
  const char* folder;
  int input, output, errors;  // become 0, 1, 2
  int landlock;               // ruleset, or -1
  Limits limits;
  Tie tie = Tie::watched;
};

struct Spawned {
  pid_t pid = -1;
  Fd pidfd;
  bool user_namespace = false;
  bool seccomp = false;
};

// An Error names the step that failed; no process is left behind then. Of a detached program nothing is left to watch.
Result<Spawned> spawn(const Spawn&, const Command& named);

}  // namespace writ::supervise
