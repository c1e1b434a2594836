// The pool behind Fence::acquire: more tasks than keys, so that a holder may have to wait. Threads: all.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "writ/base/assert.h"
#include "writ/fence/fence.h"

namespace writ::fence {

// S has prepare() -> Result<void>, called before a slot is lent, and release(), called when it comes back.
template <class S>
class SlotPool final : public SlotHandle::Pool, public std::enable_shared_from_this<SlotPool<S>> {
 public:
  // `owner` keeps alive what the slots need (gates, keys) as long as a handle is out.
  SlotPool(std::vector<std::unique_ptr<S>> slots, std::shared_ptr<void> owner)
      : owner_(std::move(owner)), slots_(std::move(slots)) {
    for (auto& s : slots_) free_.push_back(s.get());
  }

  std::size_t size() const { return slots_.size(); }

  Result<SlotHandle> acquire(Nanoseconds wait) {
    S* slot = nullptr;
    {
      std::unique_lock lock(mutex_);
      if (!freed_.wait_for(lock, wait, [&] { return !free_.empty(); }))
        return Error{writ::Code::exhausted, "all slots of the fence are taken", "fence",
                     "wait longer, or run fewer tasks at once"};
      slot = free_.back();
      free_.pop_back();
    }
    if (auto r = slot->prepare(); !r) {
      put(*slot);
      return Error(std::move(r).error());
    }
    return SlotHandle(*slot, this->shared_from_this());
  }

  void give_back(Slot& slot) override {
    auto& s = static_cast<S&>(slot);
    s.release();
    put(s);
  }

 private:
  void put(S& slot) {
    {
      std::lock_guard lock(mutex_);
      free_.push_back(&slot);
      WRIT_ASSERT(free_.size() <= slots_.size());
    }
    freed_.notify_one();
  }

  std::shared_ptr<void> owner_;
  std::vector<std::unique_ptr<S>> slots_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<S*> free_;
};

}  // namespace writ::fence
