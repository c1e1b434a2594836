#include "writ/supervise/lock.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

#include "writ/supervise/filter_writer.h"

namespace writ::supervise {
namespace {

constexpr std::array fatal = {
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_process_madvise, SYS_pidfd_getfd, SYS_kcmp, SYS_bpf,
    SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_keyctl, SYS_add_key,
    SYS_request_key, SYS_mount, SYS_umount2, SYS_move_mount, SYS_open_tree, SYS_fsopen, SYS_mount_setattr, SYS_pivot_root,
    SYS_chroot, SYS_setns, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_kexec_file_load, SYS_reboot,
    SYS_swapon, SYS_swapoff, SYS_open_by_handle_at, SYS_quotactl, SYS_acct, SYS_modify_ldt, SYS_remap_file_pages, SYS_iopl,
    SYS_ioperm, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime};

using LockFilter = FixedFilter<fatal.size() + 16>;

// Of the process, as the filter is: the kernel keeps it, and says only that there are filters, not whose.
std::atomic<bool> locked = false;

LockFilter make_lock() {
  FilterWriter<LockFilter> w;
  w.kill_foreign_tables();
  for (std::size_t i = 0; i < fatal.size(); ++i) w.skip_if(static_cast<unsigned>(fatal[i]), static_cast<unsigned char>(fatal.size() - i));
  w.answer(SECCOMP_RET_ALLOW);
  w.answer(SECCOMP_RET_KILL_PROCESS);
  return w.filter;
}

}  // namespace

Result<void> lock_process() {
  LockFilter filter = make_lock();
  const sock_fprog program{filter.size, filter.code.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_error(errno, "the process cannot be locked", "no_new_privs");
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0) {
    const int number = errno;
    if (number == ENOSYS || number == EINVAL) return Error{Code::unsupported, "the kernel has no seccomp filters", {}, {}};
    return system_error(number, "the process cannot be locked", "seccomp");
  }
  locked = true;
  return {};
}

bool is_locked() { return locked; }

}  // namespace writ::supervise
