#include "writ/fence/native_thread.h"

#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "writ/base/assert.h"
#include "writ/fence/native_signals.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif
#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1 << 31)
#endif

namespace writ::fence {
namespace {

constexpr std::size_t page = page_size.value();

// glibc registers an area in its thread block, which the kernel writes whenever it preempts the thread, with the guest's
// rights, and kills the process if it cannot.
long restartable_sequences(int flags) {
  if (__rseq_size == 0) return -1;
  constexpr unsigned signature = 0x53053053;
  return syscall(SYS_rseq, static_cast<char*>(__builtin_thread_pointer()) + __rseq_offset, 32, flags, signature);
}

}  // namespace

// The frame with all vector registers is about 11 KiB with AVX-512 and tiles; the embedder's handlers run here too.
std::size_t signal_stack_size() {
  const std::size_t needed = 4 * getauxval(AT_MINSIGSTKSZ);
  return (std::max<std::size_t>(needed, 65536) + page - 1) / page * page;
}

Result<std::unique_ptr<NativeThread>> NativeThread::begin(int shared_key, std::shared_ptr<void> owner) {
  if (writ_fence_record) return Error{writ::Code::conflict, "this thread already is a guest thread", "fence", {}};
  std::unique_ptr<NativeThread> t(new NativeThread);
  t->owner_ = std::move(owner);
  WRIT_CHECK(t->set_up(shared_key));
  writ_fence_record = &t->record_;
  return t;
}

Result<void> NativeThread::map_stack_and_selector(int shared_key) {
  const auto size = signal_stack_size();
  void* p = mmap(nullptr, page + size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return system_error(errno, "cannot map a signal stack", "fence");
  stack_ = static_cast<std::byte*>(p);
  p = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return system_error(errno, "cannot map a system call selector", "fence");
  selector_ = static_cast<std::byte*>(p);
  // The kernel reads the selector with the guest's rights, so it lies in the key that guests may read and not write.
  if (mprotect(stack_ + page, size, PROT_READ | PROT_WRITE) ||
      (shared_key >= 0 && syscall(SYS_pkey_mprotect, selector_, page, PROT_READ | PROT_WRITE, shared_key)))
    return system_error(errno, "cannot protect a signal stack", "fence");
  record_.keys = shared_key >= 0;
  return {};
}

Result<void> NativeThread::set_up(int shared_key) {
  id_ = static_cast<int>(syscall(SYS_gettid));
  WRIT_CHECK(map_stack_and_selector(shared_key));
  if (shared_key >= 0) writ_fence_open_keys();
  *selector() = 0;

  // Any other handler would run while system calls are blocked.
  sigfillset(&mask_);
  for (const int signal : fault_signals) sigdelset(&mask_, signal);
  sigdelset(&mask_, tick_signal());
  if (const int e = pthread_sigmask(SIG_SETMASK, &mask_, &mask_before_))
    return system_error(e, "cannot mask signals", "fence");
  masked_ = true;

  if (sigaltstack(nullptr, &stack_before_))
    return system_error(errno, "cannot read the alternate signal stack", "fence");
  rearm_stack();
  stacked_ = true;
  rseq_removed_ = restartable_sequences(RSEQ_FLAG_UNREGISTER) == 0;

  // No address range is exempt: a system call instruction in one would be at every guest's service.
  if (prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, selector_))
    return system_error(errno, "cannot dispatch system calls", "prctl PR_SET_SYSCALL_USER_DISPATCH");
  dispatched_ = true;

  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = tick_signal();
  event._sigev_un._tid = id_;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer_)) return system_error(errno, "cannot make a timer", "fence");
  timed_ = true;
  return {};
}

NativeThread::~NativeThread() {
  WRIT_ASSERT(record_.control == nullptr && id_ == static_cast<int>(syscall(SYS_gettid)));
  if (timed_) timer_delete(timer_);
  if (dispatched_) prctl(PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0);
  if (rseq_removed_) restartable_sequences(0);
  if (stacked_) {
    stack_before_.ss_flags &= ~SS_ONSTACK;
    sigaltstack(&stack_before_, nullptr);
  }
  if (writ_fence_record == &record_) writ_fence_record = nullptr;
  if (masked_) pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
  if (selector_) munmap(selector_, page);
  if (stack_) munmap(stack_, page + signal_stack_size());
}

void NativeThread::arm(Nanoseconds budget) {
  itimerspec t{};
  t.it_value.tv_sec = budget.count() / 1'000'000'000;
  t.it_value.tv_nsec = budget.count() % 1'000'000'000;
  WRIT_ASSERT(timer_settime(timer_, 0, &t, nullptr) == 0);
}

// A signal that the timer has already sent is delivered before this system call returns.
void NativeThread::disarm() {
  const itimerspec t{};
  WRIT_ASSERT(timer_settime(timer_, 0, &t, nullptr) == 0);
}

// SS_AUTODISARM: without it the kernel takes a stack pointer that a guest moved next to this stack for a nested signal, and
// writes its frame below the guest's pointer.
void NativeThread::arm_stack(std::byte* at) {
  stack_t s{};
  s.ss_sp = at;
  s.ss_size = signal_stack_size();
  s.ss_flags = static_cast<int>(SS_AUTODISARM);
  WRIT_ASSERT(sigaltstack(&s, nullptr) == 0);
  record_.stack = at;
  record_.stack_size = s.ss_size - sizeof(ucontext_t) - sizeof(siginfo_t);
}

void NativeThread::rearm_stack() { arm_stack(stack_ + page); }
void NativeThread::lend_stack(std::byte* at) { arm_stack(at); }
void NativeThread::unmask() { WRIT_ASSERT(pthread_sigmask(SIG_SETMASK, &mask_, nullptr) == 0); }

}  // namespace writ::fence
