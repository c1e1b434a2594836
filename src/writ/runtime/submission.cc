#include "writ/runtime/submission.h"

#include "writ/base/assert.h"
#include "writ/base/thread.h"

namespace writ::runtime {

Result<task::Report> Handle::wait() {
  std::unique_lock lock(submitted_->mutex);
  submitted_->settled.wait(lock, [&] { return submitted_->result.has_value(); });
  return std::move(*submitted_->result);
}

Submissions::~Submissions() {
  std::deque<std::shared_ptr<Submitted>> left;
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    left.swap(queue_);
  }
  arrived_.notify_all();
  for (auto& s : left) settle(*s, Error{Code::unavailable, "the runtime was closed before the task began", {}, {}});
  for (auto& t : threads_) t.join();
}

Result<Handle> Submissions::submit(task::Spec spec) {
  const std::lock_guard lock(mutex_);
  WRIT_ASSERT(!closing_);
  if (queue_.size() >= limit_)
    return Error{Code::exhausted, "busy: " + std::to_string(queue_.size()) + " tasks are waiting", {}, "wait for one of them, then try again"};
  auto submitted = std::make_shared<Submitted>();
  submitted->spec = std::move(spec);
  queue_.push_back(submitted);
  if (idle_ < queue_.size() && threads_.size() < under_way_) {
    auto thread = start_thread([this] { work(); });
    if (thread) {
      threads_.push_back(std::move(*thread));
    } else if (threads_.empty()) {  // else those that are there take it, later
      queue_.pop_back();
      return thread.error();
    }
  }
  arrived_.notify_one();
  return Handle(std::move(submitted));
}

void Submissions::settle(Submitted& s, Result<task::Report> result) {
  const std::lock_guard lock(s.mutex);
  s.result = std::move(result);
  s.settled.notify_all();
}

void Submissions::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    arrived_.wait(lock, [&] { return closing_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) return;  // closing
    const auto next = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    if (next->cancellation.requested())
      settle(*next, Error{Code::unavailable, "the task was cancelled before it began", {}, {}});
    else
      settle(*next, execute_(std::move(next->spec), next->cancellation));
    lock.lock();
  }
}

}  // namespace writ::runtime
