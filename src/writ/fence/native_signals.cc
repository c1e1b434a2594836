#include "writ/fence/native_signals.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "writ/fence/native_state.h"

__thread writ::fence::ThreadRecord* writ_fence_record = nullptr;

namespace writ::fence {
namespace {

// What was there before, by signal number. Global because a handler has nothing else; written before the handler is
// installed and never after.
struct sigaction previous[NSIG];

void run_default(int signal, const siginfo_t* info) {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
  // A fault happens again when the handler returns. What somebody sent has to be sent again.
  if (info->si_code <= 0 || signal == SIGSYS) syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signal);
}

}  // namespace

// Entered from native_signal.S on a thread of the host, or on a guest thread while the host is running.
extern "C" void writ_fence_host_signal(int signal, siginfo_t* info, void* where) {
  if (signal == tick_signal() && (info->si_code == SI_TIMER || info->si_code == SI_TKILL) && writ_fence_record) {
    // A note, read by the gate after it has let the guest run again, so that no host call is cut short and none is missed.
    if (auto* control = writ_fence_record->control; control && info->si_code == SI_TIMER) {
      auto none = StopReason::none;
      control->stop.compare_exchange_strong(none, StopReason::timed_out);
    }
    return;
  }
  // The frame of this signal may lie in a slot (SignalStack::slot), with the host's registers in it: its guest is over.
  if (writ_fence_record && writ_fence_record->control) {
    auto none = StopReason::none;
    writ_fence_record->control->stop.compare_exchange_strong(none, StopReason::cancelled);
  }
  const struct sigaction& before = previous[signal];
  if (before.sa_flags & SA_SIGINFO) return before.sa_sigaction(signal, info, where);
  if (before.sa_handler == SIG_IGN && info->si_code <= 0) return;
  if (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN) return run_default(signal, info);
  before.sa_handler(signal);
}

Result<void> SignalEntry::install(SignalStack stack) {
  struct sigaction action {};
  action.sa_sigaction = stack == SignalStack::slot ? writ_fence_signal_in_slot : writ_fence_signal;
  // NODEFER and an empty mask: a guest is left without a sigreturn, so nothing would unmask what delivery masked.
  // RESTART: host calls use libraries that do not expect EINTR; what may block waits with a deadline (fence.h).
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART;
  // In a slot's key, a second signal before the entry has opened the keys could not be delivered. NativeThread unmasks.
  if (stack == SignalStack::slot) sigfillset(&action.sa_mask);
  else sigemptyset(&action.sa_mask);
  const auto one = [&](int signal) {
    return sigaction(signal, nullptr, &previous[signal]) == 0 && sigaction(signal, &action, nullptr) == 0;
  };
  for (const int signal : fault_signals)
    if (!one(signal)) return system_error(errno, "cannot install a signal handler", strsignal(signal));
  if (!one(tick_signal())) return system_error(errno, "cannot install a signal handler", "SIGRTMIN");
  return {};
}

void SignalEntry::remove() {
  for (const int signal : fault_signals) sigaction(signal, &previous[signal], nullptr);
  sigaction(tick_signal(), &previous[tick_signal()], nullptr);
}

}  // namespace writ::fence
