#include "writ/task/executor.h"

#include <utility>

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

Result<Report> Executor::execute(Spec spec, gate::Ledger* ledger) {
  const auto then = spec.then;
  Attempt attempt({parts_.store, parts_.engine, parts_.threads, ledger, parts_.clock}, std::move(spec));
  WRIT_CHECK(attempt.admit());
  {
    Running running(*this);
    WRIT_CHECK(attempt.run(running.cancellation));
  }
  switch (then) {
    case Spec::Then::settle: return settle(parts_.store, parts_.notary, attempt.seal(), ledger);
    case Spec::Then::stage: return stage(parts_.store, parts_.notary, attempt.seal(), ledger);
  }
  std::unreachable();
}

Result<Sealed> Executor::repeat(Spec spec, const Clock& clock, const proof::InputManifest& as) {
  Attempt attempt({parts_.store, parts_.engine, parts_.threads, nullptr, clock}, std::move(spec));
  WRIT_CHECK(attempt.admit());
  const auto& now = attempt.input();
  if (now.engine != as.engine || now.toolchain != as.toolchain)
    return Error{Code::unsupported, "the task cannot be replayed: another image would run it (" + now.engine.name + ", was " + as.engine.name + ")",
                 as.task.hex(), "replay it with the version and the tools that ran it"};
  Running running(*this);
  WRIT_CHECK(attempt.run(running.cancellation));
  return attempt.seal();
}

}  // namespace writ::task
