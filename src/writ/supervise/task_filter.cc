#include "writ/supervise/task_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <iterator>
#include <vector>

#include "writ/supervise/filter_writer.h"

namespace writ::supervise {
namespace {

// By what they are for; sorted where the filter is made.
constexpr long permitted[] = {
    // files and folders
    SYS_read, SYS_write, SYS_open, SYS_close, SYS_stat, SYS_fstat, SYS_lstat, SYS_lseek, SYS_pread64, SYS_pwrite64, SYS_readv,
    SYS_writev, SYS_preadv, SYS_pwritev, SYS_preadv2, SYS_pwritev2, SYS_access, SYS_faccessat, SYS_faccessat2, SYS_openat,
    SYS_openat2, SYS_creat, SYS_close_range, SYS_newfstatat, SYS_statx, SYS_statfs, SYS_fstatfs, SYS_getdents, SYS_getdents64,
    SYS_getcwd, SYS_chdir, SYS_fchdir, SYS_rename, SYS_renameat, SYS_renameat2, SYS_mkdir, SYS_mkdirat, SYS_rmdir, SYS_link,
    SYS_linkat, SYS_unlink, SYS_unlinkat, SYS_symlink, SYS_symlinkat, SYS_readlink, SYS_readlinkat, SYS_truncate, SYS_ftruncate,
    SYS_fallocate, SYS_fadvise64, SYS_readahead, SYS_umask, SYS_utime, SYS_utimes, SYS_utimensat, SYS_futimesat, SYS_flock,
    SYS_fsync, SYS_fdatasync, SYS_sync, SYS_syncfs, SYS_sync_file_range, SYS_sendfile, SYS_copy_file_range, SYS_splice, SYS_tee,
    SYS_vmsplice, SYS_chown, SYS_fchown, SYS_lchown, SYS_fchownat, SYS_getxattr, SYS_lgetxattr, SYS_fgetxattr, SYS_listxattr,
    SYS_llistxattr, SYS_flistxattr, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, SYS_removexattr, SYS_lremovexattr,
    SYS_fremovexattr, SYS_inotify_init, SYS_inotify_init1, SYS_inotify_add_watch, SYS_inotify_rm_watch,
    // descriptors, pipes and waiting
    SYS_dup, SYS_dup2, SYS_dup3, SYS_fcntl, SYS_pipe, SYS_pipe2, SYS_poll, SYS_ppoll, SYS_select, SYS_pselect6, SYS_epoll_create,
    SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_pwait2, SYS_eventfd, SYS_eventfd2, SYS_signalfd,
    SYS_signalfd4, SYS_timerfd_create, SYS_timerfd_settime, SYS_timerfd_gettime, SYS_memfd_create, SYS_io_setup, SYS_io_destroy,
    SYS_io_submit, SYS_io_cancel, SYS_io_getevents, SYS_io_pgetevents,
    // memory
    SYS_mmap, SYS_mprotect, SYS_munmap, SYS_brk, SYS_mremap, SYS_msync, SYS_mincore, SYS_madvise, SYS_mlock, SYS_mlock2,
    SYS_munlock, SYS_mlockall, SYS_munlockall, SYS_membarrier, SYS_get_mempolicy, SYS_set_mempolicy, SYS_mbind, SYS_pkey_alloc,
    SYS_pkey_free, SYS_pkey_mprotect, SYS_shmget, SYS_shmat, SYS_shmctl, SYS_shmdt, SYS_semget, SYS_semop, SYS_semctl,
    SYS_semtimedop, SYS_msgget, SYS_msgsnd, SYS_msgrcv, SYS_msgctl, SYS_mq_open, SYS_mq_unlink, SYS_mq_timedsend,
    SYS_mq_timedreceive, SYS_mq_notify, SYS_mq_getsetattr,
    // processes, threads and signals
    SYS_fork, SYS_vfork, SYS_execve, SYS_execveat, SYS_exit, SYS_exit_group, SYS_wait4, SYS_waitid, SYS_kill, SYS_tkill,
    SYS_tgkill, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigpending, SYS_rt_sigtimedwait, SYS_rt_sigsuspend,
    SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_sigaltstack, SYS_pause, SYS_alarm, SYS_getitimer, SYS_setitimer, SYS_nanosleep,
    SYS_restart_syscall, SYS_futex, SYS_futex_waitv, SYS_set_robust_list, SYS_get_robust_list, SYS_set_tid_address, SYS_rseq,
    SYS_arch_prctl, SYS_prctl, SYS_getpid, SYS_getppid, SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
    SYS_getresuid, SYS_getresgid, SYS_getgroups, SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid,
    SYS_setfsuid, SYS_setfsgid, SYS_getpgid, SYS_getpgrp, SYS_getsid, SYS_getpriority, SYS_setpriority, SYS_getrlimit,
    SYS_setrlimit, SYS_prlimit64, SYS_getrusage, SYS_times, SYS_sched_yield, SYS_sched_getaffinity, SYS_sched_setaffinity,
    SYS_sched_getparam, SYS_sched_setparam, SYS_sched_getscheduler, SYS_sched_setscheduler, SYS_sched_getattr, SYS_sched_setattr,
    SYS_sched_get_priority_max, SYS_sched_get_priority_min, SYS_sched_rr_get_interval, SYS_ioprio_get, SYS_ioprio_set, SYS_getcpu,
    SYS_pidfd_open, SYS_pidfd_send_signal, SYS_capget, SYS_capset, SYS_seccomp, SYS_landlock_create_ruleset,
    SYS_landlock_add_rule, SYS_landlock_restrict_self, SYS_uname, SYS_sysinfo,
    // time and randomness
    SYS_time, SYS_gettimeofday, SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_timer_create, SYS_timer_settime,
    SYS_timer_gettime, SYS_timer_getoverrun, SYS_timer_delete, SYS_getrandom,
    // sockets: which families is looked at below
    SYS_socketpair, SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_connect, SYS_getsockname, SYS_getpeername, SYS_sendto,
    SYS_recvfrom, SYS_sendmsg, SYS_recvmsg, SYS_sendmmsg, SYS_recvmmsg, SYS_shutdown, SYS_setsockopt, SYS_getsockopt};

constexpr unsigned newest_call_known = 462;  // mseal (Linux 6.10)
constexpr unsigned namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
                                CLONE_NEWNET | CLONE_NEWTIME;
constexpr unsigned set_bits = S_ISUID | S_ISGID;
constexpr unsigned allow = SECCOMP_RET_ALLOW, refuse = SECCOMP_RET_ERRNO | EPERM, missing = SECCOMP_RET_ERRNO | ENOSYS,
                   no_family = SECCOMP_RET_ERRNO | EAFNOSUPPORT, notify = SECCOMP_RET_USER_NOTIF;

constexpr unsigned low(unsigned argument) {  // x86-64 is little-endian
  return static_cast<unsigned>(offsetof(seccomp_data, args)) + 8 * argument;
}

// Most of these rules answer as soon as they know.
class Writer : public FilterWriter<std::vector<sock_filter>> {
 public:
  void mask(unsigned bits) { put(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits)); }
  void answer_if(unsigned value, unsigned what) {
    put(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
    answer(what);
  }
  void answer_unless(unsigned value, unsigned what) {
    put(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0));
    answer(what);
  }
  void answer_if_any_bit(unsigned bits, unsigned what) {
    put(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1));
    answer(what);
  }
  void answer_from(unsigned value, unsigned what) {
    put(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, value, 0, 1));
    answer(what);
  }
  void answer_below(unsigned value, unsigned what) {
    put(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, value, 1, 0));
    answer(what);
  }
  // What `body` writes is for this system call alone, and answers it.
  template <class Body>
  void call(long number, Body body) {
    const std::size_t jump = filter.size();
    put(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 0));
    body();
    filter[jump].jf = static_cast<unsigned char>(filter.size() - jump - 1);
  }
};

// Sockets with a path are the host's where the tree is, or a part of it that is shown.
void look_at_sockets(Writer& w, const Enclosure& e) {
  const Way way = e.way;
  w.call(SYS_socket, [&] {
    w.load(low(0));
    if (way != Way::bare && !e.meets_sockets) w.answer_if(AF_UNIX, allow);
    if (way != Way::bare)
      for (const unsigned family : {unsigned{AF_INET}, unsigned{AF_INET6}}) w.answer_if(family, allow);
    if (way != Way::bare) {
      w.skip_unless(AF_NETLINK, 3);
      w.load(low(2));
      w.answer_if(0 /* NETLINK_ROUTE */, allow);
    }
    w.answer(no_family);
  });
  if (way != Way::bare && !e.meets_sockets) return;
  w.call(SYS_socketpair, [&] {  // of other types, packets can be sent to any socket that has a path
    w.load(low(1));
    w.mask(~unsigned{SOCK_NONBLOCK | SOCK_CLOEXEC});
    for (const unsigned type : {SOCK_STREAM, SOCK_SEQPACKET}) w.answer_if(type, allow);
    w.answer(refuse);
  });
}

struct Looked {
  long number;
  unsigned argument;  // which one is looked at
};
constexpr Looked changing_modes[] = {{SYS_chmod, 1}, {SYS_fchmod, 1}, {SYS_fchmodat, 2}},
                 making_nodes[] = {{SYS_mknod, 1}, {SYS_mknodat, 2}},
                 setting_times[] = {{SYS_utime, 1}, {SYS_utimes, 1}, {SYS_futimesat, 2}, {SYS_utimensat, 2}};

void look_at_modes(Writer& w) {
  for (const auto& c : changing_modes)
    w.call(c.number, [&] {
      w.load(low(c.argument));
      w.answer_if_any_bit(set_bits, refuse);
      w.answer(allow);
    });
  for (const auto& c : making_nodes)
    w.call(c.number, [&] {
      w.load(low(c.argument));
      w.mask(S_IFMT);
      for (const unsigned type : {0u, unsigned{S_IFREG}, unsigned{S_IFIFO}, unsigned{S_IFSOCK}}) w.answer_if(type, allow);
      w.answer(refuse);
    });
}

// In the host's tree and among the host's processes. Landlock leaves out modes, owners, times and attributes of files, and what
// has no path in a folder: IPC of System V and POSIX, which would also outlive the program.
void look_at_what_is_shared(Writer& w) {
  for (const long number :
       {SYS_chmod,      SYS_fchmod,       SYS_fchmodat,     SYS_chown,  SYS_fchown, SYS_lchown, SYS_fchownat, SYS_setxattr, SYS_lsetxattr,
        SYS_fsetxattr,  SYS_removexattr,  SYS_lremovexattr, SYS_fremovexattr,       SYS_shmget, SYS_shmat,    SYS_shmctl,   SYS_semget,
        SYS_semop,      SYS_semtimedop,   SYS_semctl,       SYS_msgget, SYS_msgsnd, SYS_msgrcv, SYS_msgctl,   SYS_mq_open,  SYS_mq_unlink})
    w.call(number, [&] { w.answer(refuse); });
  for (const auto& c : setting_times)
    w.call(c.number, [&] {  // to now, which is what writing does as well
      for (const unsigned half : {low(c.argument), low(c.argument) + 4}) {
        w.load(half);
        w.answer_unless(0, refuse);
      }
      w.answer(allow);
    });
}

void look_at_namespaces(Writer& w) {
  for (const long number : {SYS_clone, SYS_unshare})
    w.call(number, [&] {
      w.load(low(0));
      w.answer_if_any_bit(namespaces, refuse);
      w.answer(allow);
    });
  w.call(SYS_clone3, [&] { w.answer(missing); });  // its flags lie in memory, where a filter cannot look: then clone is used
  for (const long number : {SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register})
    w.call(number, [&] { w.answer(missing); });    // programs that would use it do without
}

void look_at_the_rest(Writer& w, Way way) {
  w.call(SYS_ioctl, [&] {
    w.load(low(1));
    for (const unsigned request : {unsigned{TIOCSTI}, unsigned{TIOCLINUX}, unsigned{TIOCSETD}, unsigned{TIOCCONS}}) w.answer_if(request, refuse);
    w.answer(allow);
  });
  w.call(SYS_personality, [&] {  // to ask, and for what every program is anyway
    w.load(low(0));
    w.answer_if(0xffffffff, allow);
    w.answer_if(0, allow);
    w.answer(refuse);
  });
  for (const long number : {SYS_setsid, SYS_setpgid}) w.call(number, [&] { w.answer(way == Way::bare ? refuse : allow); });
}

void permit(Writer& w) {
  std::vector<long> sorted(std::begin(permitted), std::end(permitted));
  std::ranges::sort(sorted);
  for (std::size_t i = 0; i < sorted.size();) {
    std::size_t end = i + 1;
    while (end < sorted.size() && sorted[end] <= sorted[end - 1] + 1) ++end;
    w.answer_below(static_cast<unsigned>(sorted[i]), refuse);
    w.answer_below(static_cast<unsigned>(sorted[end - 1] + 1), allow);
    i = end;
  }
  w.answer(refuse);
}

}  // namespace

std::vector<sock_filter> make_task_filter(const Enclosure& e) {
  Writer w;
  w.kill_foreign_tables();
  w.answer_if(~0u, allow);  // that of a tracer
  w.answer_from(newest_call_known + 1, missing);
  if (e.watching == Watching::denials)
    for (const long number : {SYS_open, SYS_openat, SYS_openat2, SYS_execve}) w.call(number, [&] { w.answer(notify); });
  look_at_sockets(w, e);
  if (e.way == Way::bare) look_at_what_is_shared(w);
  look_at_modes(w);
  look_at_namespaces(w);
  look_at_the_rest(w, e.way);
  permit(w);
  return std::move(w.filter);
}

}  // namespace writ::supervise
