#include "writ/task/guest_threads.h"

#include <algorithm>
#include <string>

#include "writ/base/quantity.h"
#include "writ/base/thread.h"

namespace writ::task {

GuestThreads::~GuestThreads() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  arrived_.notify_all();
  for (auto& t : threads_) t.join();
}

Result<void> GuestThreads::run(const Job& job) {
  Waiting waiting{&job, {}, false};
  std::unique_lock lock(mutex_);
  if (queue_.size() >= max_waiting_jobs)
    return Error{Code::exhausted, "busy: " + std::to_string(queue_.size()) + " tasks are waiting", {}, "try again later"};
  queue_.push_back(&waiting);
  if (idle_ < queue_.size() && threads_.size() < count_) {
    auto thread = start_thread([this] { work(); });
    if (thread) {
      threads_.push_back(std::move(*thread));
    } else if (threads_.empty()) {  // else those that are there take it, later
      queue_.pop_back();
      return thread.error();
    }
  }
  arrived_.notify_one();
  const auto done = [&] { return waiting.done; };
  if (!finished_.wait_for(lock, max_wait, done)) {
    if (const auto mine = std::ranges::find(queue_, &waiting); mine != queue_.end()) {
      const std::string before = std::to_string(mine - queue_.begin());
      queue_.erase(mine);
      return Error{Code::exhausted, "busy: waited " + format_time(max_wait) + " for a thread, and " + before + " tasks were before",
                   {}, count_ == 1 ? "this process runs one guest at a time: run more processes, or fewer tasks" : "run fewer tasks at once"};
    }
    finished_.wait(lock, done);  // it is running, and has a limit of its own
  }
  return waiting.result;
}

void GuestThreads::work() {
  auto guard = fence_.guard_thread();
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    arrived_.wait(lock, [&] { return closing_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) return;  // closing
    Waiting* next = queue_.front();
    queue_.pop_front();
    lock.unlock();
    if (guard) (*next->job)(**guard);
    lock.lock();
    if (!guard) next->result = guard.error();
    next->done = true;
    finished_.notify_all();
  }
}

}  // namespace writ::task
