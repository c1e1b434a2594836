#include "writ/task/executor.h"

#include "writ/task/attempt.h"
#include "writ/task/settlement.h"

namespace writ::task {

class Executor::Running {
 public:
  explicit Running(Executor& e) : executor_(e) {
    const std::lock_guard lock(executor_.mutex_);
    executor_.running_.insert(&cancellation);
  }
  ~Running() {
    const std::lock_guard lock(executor_.mutex_);
    executor_.running_.erase(&cancellation);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  guest::Cancellation cancellation;

 private:
  Executor& executor_;
};

void Executor::cancel_all() {
  const std::lock_guard lock(mutex_);
  for (auto* c : running_) c->request();
}

Result<Report> Executor::execute(Spec spec) {
  Attempt attempt({parts_.store, parts_.engine, parts_.threads, parts_.clock}, std::move(spec));
  WRIT_CHECK(attempt.admit());
  {
    Running running(*this);
    WRIT_CHECK(attempt.run(running.cancellation));
  }
  return settle(parts_.store, parts_.notary, attempt.seal());
}

}  // namespace writ::task
