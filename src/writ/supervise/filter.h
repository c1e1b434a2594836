// The seccomp filter of a supervised program: what no compiler needs and an attacker inside one would use.
//
// Refused with EPERM: sockets, tracing and reading other processes, signals to others, other kernel attack surface
// (bpf, io_uring, userfaultfd, keys, mounts, namespaces), leaving the process group; with Processes::one also every
// new process. Foreign system call tables (32 bit, x32) kill. A list of refusals and not of permissions, because the
// tools are whole compilers whose calls change with their versions; it is the second wall behind Landlock and limits.
#pragma once

#include <sys/types.h>

#include "writ/supervise/command.h"
#include "writ/supervise/filter_writer.h"

namespace writ::supervise {

using Filter = FixedFilter<96>;

// Pure and allocation-free: the child calls it, because the filter holds its process id.
Filter make_filter(Processes, pid_t self);

}  // namespace writ::supervise
