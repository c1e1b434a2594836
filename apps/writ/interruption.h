// Interruption: SIGINT, SIGTERM and SIGHUP while a task runs. The first one asks politely (the task ends as cancelled
// and still leaves its receipt); the second one ends the process at once, which the store survives like any crash.
//
// The signals are blocked for the process and taken by a thread of this object, so make it before any other thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "writ/base/fd.h"
#include "writ/base/result.h"

namespace writ::cli {

class Interruption {
 public:
  static Result<std::unique_ptr<Interruption>> start();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  bool requested() const { return requested_.load(); }
  int stop() const { return stop_.get(); }  // readable once requested

  // Called on the own thread when a signal comes and, since a task may start just after it, again until taken away.
  void on_request(std::function<void()> cancel);

 private:
  Interruption() = default;
  void watch();
  void ask();

  Fd signals_, stop_, over_;
  std::atomic<bool> requested_ = false;
  std::mutex mutex_;
  std::function<void()> cancel_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace writ::cli
