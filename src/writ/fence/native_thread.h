// A guest thread of the native fence (fence.h, GuestThread). Made and destroyed on its own thread.
#pragma once

#include <signal.h>
#include <time.h>

#include <memory>

#include "writ/base/clock.h"
#include "writ/base/result.h"
#include "writ/fence/fence.h"
#include "writ/fence/native_state.h"

namespace writ::fence {

std::size_t signal_stack_size();  // of whole pages

class NativeThread final : public GuestThread {
 public:
  // shared_key: -1 where there are no keys.
  static Result<std::unique_ptr<NativeThread>> begin(int shared_key, std::shared_ptr<void> owner);
  ~NativeThread() override;
  NativeThread(const NativeThread&) = delete;

  ThreadRecord& record() { return record_; }
  std::uint8_t* selector() { return reinterpret_cast<std::uint8_t*>(selector_); }
  int id() const { return id_; }

  void arm(Nanoseconds budget);
  void disarm();       // no tick arrives after it returned
  void rearm_stack();  // the alternate stack disarmed itself when a signal ended a guest
  void unmask();       // and where it arrived in a slot, all signals were blocked
  // The thread's signals arrive there until rearm_stack(): memory of signal_stack_size() bytes.
  void lend_stack(std::byte* at);

 private:
  NativeThread() = default;
  Result<void> set_up(int shared_key);
  Result<void> map_stack_and_selector(int shared_key);
  void arm_stack(std::byte* at);

  std::shared_ptr<void> owner_;  // keeps the keys and handlers
  ThreadRecord record_;
  std::byte* selector_ = nullptr;
  std::byte* stack_ = nullptr;  // a page without access, then the alternate stack
  int id_ = 0;
  timer_t timer_{};
  stack_t stack_before_{};
  sigset_t mask_before_{}, mask_{};
  // What was set up, and is taken down again in reverse.
  bool masked_ = false, stacked_ = false, dispatched_ = false, timed_ = false, rseq_removed_ = false;
};

}  // namespace writ::fence
