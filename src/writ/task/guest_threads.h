// GuestThreads: the threads on which guests run. Each holds a fence::GuestThread for its whole life, so that a task costs
// no set-up; jobs wait in a bounded queue, are served in the order of their coming, and do not wait for ever.
//
// Threads: run() may be called from any thread but a guest thread, and blocks until its job is done.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "writ/base/clock.h"
#include "writ/base/result.h"
#include "writ/fence/fence.h"

namespace writ::task {

inline constexpr std::size_t max_waiting_jobs = 1024;  // beyond this run() answers `exhausted`, not later and later
inline constexpr Nanoseconds max_wait = std::chrono::minutes(10);  // ten tasks at their usual limit of time

class GuestThreads {
 public:
  using Job = std::function<void(fence::GuestThread&)>;

  GuestThreads(fence::Fence& fence, std::size_t count) : fence_(fence), count_(count) {}
  ~GuestThreads();  // jobs under way are finished
  GuestThreads(const GuestThreads&) = delete;
  GuestThreads& operator=(const GuestThreads&) = delete;

  Result<void> run(const Job&);

 private:
  struct Waiting {
    const Job* job;
    Result<void> result;
    bool done = false;
  };
  void work();

  fence::Fence& fence_;
  const std::size_t count_;
  std::mutex mutex_;
  std::condition_variable arrived_, finished_;
  std::deque<Waiting*> queue_;        // guarded by mutex_
  std::vector<std::thread> threads_;  // guarded by mutex_; started as they are needed
  std::size_t idle_ = 0;              // guarded by mutex_
  bool closing_ = false;              // guarded by mutex_
};

}  // namespace writ::task
