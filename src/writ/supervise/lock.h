// The lock of the process itself: the system calls by which somebody who got as far as making one could walk round the fence
// or widen what the process may do to others, and which Writ never makes.
//
// Reading and writing memory past the protection keys (process_vm_*, ptrace, process_madvise), other ways into the kernel
// (io_uring, userfaultfd, bpf, perf, keys, modules, mounts, namespaces of others), other tables of system calls, segments
// (modify_ldt), raw input and output. Whoever makes one of them is killed: there is no honest reason.
//
// Not among them, since the runtime makes these itself: mapping memory executable and rebinding keys (images), clone, execve
// and seccomp (compilers are started by this process), prctl for the dispatch of system calls. What a guest could do with
// those is left to the fence, where a system call by a guest ends it. It is inherited by compilers, beside their own filter.
//
// It cannot be taken away again. A program that embeds the library decides for itself; the command applies it.
#pragma once

#include "writ/base/result.h"

namespace writ::supervise {

// For all threads there are and all that come. `unsupported` if the kernel has no seccomp.
Result<void> lock_process();

// Whether lock_process() was called: what this process starts would die of the first such call.
bool is_locked();

}  // namespace writ::supervise
