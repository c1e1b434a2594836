// Source: the policy that is in force for every task of a runtime, and may be replaced while they run.
//
// A replacement is seen by each task before its next effect, whole or not at all: one effect is judged by one program.
// Threads: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "writ/authority/policy/program.h"

namespace writ::authority::policy {

class Source {
 public:
  struct Version {
    std::shared_ptr<const Program> program;  // none: no policy
    std::uint64_t epoch = 0;
  };
  void set(std::shared_ptr<const Program> program) {
    const std::lock_guard lock(mutex_);
    version_.program = std::move(program);
    epoch_.store(++version_.epoch, std::memory_order_release);
  }
  Version current() const {
    const std::lock_guard lock(mutex_);
    return version_;
  }
  // Grows with every set(): one load tells whether current() has anything new.
  std::uint64_t epoch() const { return epoch_.load(std::memory_order_acquire); }

 private:
  mutable std::mutex mutex_;
  Version version_;  // guarded by mutex_
  std::atomic<std::uint64_t> epoch_{0};
};

}  // namespace writ::authority::policy
