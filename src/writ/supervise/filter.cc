#include "writ/supervise/filter.h"

#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>

#include <cerrno>
#include <initializer_list>

#include "writ/supervise/filter_writer.h"

namespace writ::supervise {
namespace {

constexpr unsigned newest_call_known = 462;  // mseal (Linux 6.10); what is newer is new to the tools too

constexpr int refused_always[] = {
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd, SYS_pidfd_open, SYS_pidfd_send_signal,
    SYS_kcmp, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
    SYS_keyctl, SYS_add_key, SYS_request_key, SYS_mount, SYS_umount2, SYS_move_mount, SYS_open_tree, SYS_fsopen,
    SYS_mount_setattr, SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_setns, SYS_socket, SYS_socketpair, SYS_connect,
    SYS_bind, SYS_sendto, SYS_sendmsg, SYS_init_module, SYS_finit_module, SYS_kexec_load, SYS_reboot, SYS_swapon,
    SYS_setsid, SYS_setpgid, SYS_tkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_process_madvise,
    SYS_open_by_handle_at, SYS_quotactl, SYS_acct, SYS_personality, SYS_modify_ldt};

constexpr unsigned refuse = SECCOMP_RET_ERRNO | EPERM;
constexpr unsigned missing = SECCOMP_RET_ERRNO | ENOSYS;
constexpr unsigned first_argument = offsetof(seccomp_data, args);  // its low half: x86-64 is little-endian

}  // namespace

Filter make_filter(Processes processes, pid_t self) {
  FilterWriter<Filter> w;
  w.kill_foreign_tables();
  w.skip_below(newest_call_known + 1, 1);
  w.answer(missing);
  constexpr auto count = sizeof refused_always / sizeof *refused_always;
  for (std::size_t i = 0; i < count; ++i) w.skip_if(static_cast<unsigned>(refused_always[i]), static_cast<unsigned char>(count - i));
  w.skip(1);
  w.answer(refuse);
  w.skip_unless(SYS_tgkill, 4);  // abort() and raise() signal the process itself
  w.load(first_argument);
  w.skip_if(static_cast<unsigned>(self), 1);
  w.answer(refuse);
  w.answer(SECCOMP_RET_ALLOW);
  if (processes == Processes::one) {
    for (const int nr : {SYS_fork, SYS_vfork, SYS_kill}) {
      w.skip_unless(static_cast<unsigned>(nr), 1);
      w.answer(refuse);
    }
    w.skip_unless(SYS_clone3, 1);  // its flags lie in memory, where a filter cannot look: the C library then uses clone
    w.answer(missing);
    w.skip_unless(SYS_clone, 4);
    w.load(first_argument);
    w.skip_unless_any_bit(CLONE_THREAD, 1);
    w.answer(SECCOMP_RET_ALLOW);
    w.answer(refuse);
  }
  w.answer(SECCOMP_RET_ALLOW);
  return w.filter;
}

}  // namespace writ::supervise
