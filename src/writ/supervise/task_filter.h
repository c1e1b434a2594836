// The system calls that an enclosed program may make: a list of permissions. What is not on it is refused with EPERM, what is
// newer than the list with ENOSYS, and other tables of system calls (32 bit, x32) kill.
//
// Not on it: tracing and reading other processes, mounts, namespaces, keys, bpf, perf, userfaultfd, io_uring, modules, kexec,
// handles of files, clocks that are set, raw input and output, quotas, accounting. Of calls that are on it these arguments are
// refused: new namespaces (clone, unshare), pushing characters into a terminal (TIOCSTI, TIOCLINUX), sockets of other families
// than Unix, IPv4, IPv6 and the kernel's routing table (netlink), set-user bits and device nodes.
//
// Where sockets of the host may be met: none of Unix but connected pairs.
//
// `bare`: no sockets but connected pairs, since there is no network of its own; no IPC of System V and POSIX; nobody leaves the
// process group; and modes, owners, attributes and times (but "now") of files stay as they are, since Landlock would let the
// program change those of every file of its user.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "writ/supervise/enclosure.h"

namespace writ::supervise {

// With Watching::denials, opening and executing files first asks the listener (SECCOMP_RET_USER_NOTIF).
std::vector<sock_filter> make_task_filter(const Enclosure&);

}  // namespace writ::supervise
