// Cancellation: asks a running task to stop, from any thread or after it has ended; once asked, it stays asked.
//
// The engine hangs a Hook while the guest runs: the hook interrupts the guest (fence) wherever it is.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>

namespace writ::guest {

class Cancellation {
 public:
  void request() {
    const std::lock_guard lock(mutex_);
    requested_.store(true);
    if (interrupt_) interrupt_();
  }
  bool requested() const { return requested_.load(); }

  // Alive while there is something to interrupt. `interrupt` may run on any thread, at once if already requested.
  class Hook {
   public:
    Hook(Cancellation& c, std::function<void()> interrupt) : c_(c) {
      const std::lock_guard lock(c_.mutex_);
      c_.interrupt_ = std::move(interrupt);
      if (c_.requested_.load()) c_.interrupt_();
    }
    ~Hook() {
      const std::lock_guard lock(c_.mutex_);
      c_.interrupt_ = nullptr;
    }
    Hook(const Hook&) = delete;
    Hook& operator=(const Hook&) = delete;

   private:
    Cancellation& c_;
  };

 private:
  std::mutex mutex_;
  std::atomic<bool> requested_ = false;
  std::function<void()> interrupt_;  // guarded by mutex_
};

}  // namespace writ::guest
