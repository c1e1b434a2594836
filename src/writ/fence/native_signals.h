// The signals of the native fence: faults, forbidden system calls, ticks. Installed once a process, in front of whatever the
// embedder had; a signal that is not a guest's goes on to him, or to its default.
#pragma once

#include <signal.h>

#include <array>

#include "writ/base/result.h"
#include "writ/fence/fence.h"

namespace writ::fence {

inline const std::array<int, 6> fault_signals{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
inline int tick_signal() { return SIGRTMIN; }  // timers and cancellations

// While it lives, the handlers are installed. One at a time.
class SignalEntry {
 public:
  static Result<void> install(SignalStack);  // host or slot
  static void remove();
};

}  // namespace writ::fence
