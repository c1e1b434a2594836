// Submission: a task handed over now and waited for later. Submissions are the bounded queue behind Runtime::submit.
//
// More tasks are under way at once than there are guest threads, because a task that waits for the disk needs none, and tasks
// that settle together share a sync of the store. Beyond `queue_limit` waiting ones a new one is refused with `exhausted`,
// "busy", at once: who hands over faster than tasks are done has to know it.
//
// Threads: any. A Handle belongs to one thread at a time; cancel() may be called from any.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "writ/base/result.h"
#include "writ/guest/cancellation.h"
#include "writ/task/spec.h"

namespace writ::runtime {

inline constexpr std::size_t max_under_way = 64;   // a batch of the store's writer
inline constexpr std::size_t queue_limit = 1024;   // some megabytes of specs, whose code may be larger

class Handle {
 public:
  // Blocks until the task is settled. The same as Runtime::execute would have answered; `unavailable` if it was cancelled
  // before it began, or the runtime was closed. Once.
  Result<task::Report> wait();
  // The task ends as cancelled, with its receipt; one that has not begun never does. After its end: nothing.
  void cancel() const { submitted_->cancellation.request(); }

 private:
  friend class Submissions;
  struct Submitted {
    task::Spec spec;
    guest::Cancellation cancellation = {};
    std::mutex mutex = {};
    std::condition_variable settled = {};
    std::optional<Result<task::Report>> result = {};  // guarded by mutex
  };
  explicit Handle(std::shared_ptr<Submitted> s) : submitted_(std::move(s)) {}
  std::shared_ptr<Submitted> submitted_;
};

class Submissions {
 public:
  using Execute = std::function<Result<task::Report>(task::Spec, guest::Cancellation&)>;

  Submissions(Execute execute, std::size_t under_way, std::size_t queue) : execute_(std::move(execute)), under_way_(under_way), limit_(queue) {}
  ~Submissions();  // tasks under way are finished; those that wait never begin
  Submissions(const Submissions&) = delete;
  Submissions& operator=(const Submissions&) = delete;

  Result<Handle> submit(task::Spec);

 private:
  using Submitted = Handle::Submitted;
  void work();
  static void settle(Submitted&, Result<task::Report>);

  const Execute execute_;
  const std::size_t under_way_, limit_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::shared_ptr<Submitted>> queue_;  // guarded by mutex_
  std::vector<std::thread> threads_;              // guarded by mutex_; started as they are needed
  std::size_t idle_ = 0;                          // guarded by mutex_
  bool closing_ = false;                          // guarded by mutex_
};

}  // namespace writ::runtime
