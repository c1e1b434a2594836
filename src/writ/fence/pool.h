// The pool behind Fence::acquire: more tasks than keys, so that a holder may have to wait; first come, first served.
// Threads: all.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <string>
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
    WRIT_TRY(S * slot, take(wait));
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
  struct Waiter {
    std::condition_variable served;
    S* slot = nullptr;
  };

  // Whoever waits is served in the order of coming: a slot that comes back goes to the first, and to nobody who came later.
  Result<S*> take(Nanoseconds wait) {
    std::unique_lock lock(mutex_);
    if (waiting_.empty() && !free_.empty()) {
      S* slot = free_.back();
      free_.pop_back();
      return slot;
    }
    Waiter me;
    const auto place = waiting_.insert(waiting_.end(), &me);
    const std::size_t before = waiting_.size() - 1;
    if (wait.count() > 0) me.served.wait_for(lock, wait, [&] { return me.slot != nullptr; });
    if (me.slot != nullptr) return me.slot;
    waiting_.erase(place);
    return Error{writ::Code::exhausted,
                 slots_.size() == 1 ? "the one slot of the fence is taken, and " + std::to_string(before) + " waited before"
                                    : "all slots of the fence are taken",
                 "fence", slots_.size() == 1 ? "at strength page a process runs one guest at a time: wait longer, or run more processes"
                                             : "wait longer, or run fewer tasks at once"};
  }

  void put(S& slot) {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
      free_.push_back(&slot);
      WRIT_ASSERT(free_.size() <= slots_.size());
      return;
    }
    Waiter* first = waiting_.front();
    waiting_.pop_front();
    first->slot = &slot;
    first->served.notify_one();  // under the lock: it lives on the stack of a thread that leaves once it may
  }

  std::shared_ptr<void> owner_;
  std::vector<std::unique_ptr<S>> slots_;
  std::mutex mutex_;
  std::vector<S*> free_;         // guarded by mutex_
  std::list<Waiter*> waiting_;   // guarded by mutex_; while somebody waits, nothing is free
};

}  // namespace writ::fence
