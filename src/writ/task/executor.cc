#include "writ/task/executor.h"

#include <algorithm>
#include <utility>

#include "writ/task/attempt.h"
#include "writ/task/settlement.h"

namespace writ::task {

class Executor::Running {
 public:
  Running(Executor& e, const proof::InputManifest& input, guest::Cancellation& c)
      : id_(input.task.hex()), name_(input.name), executor_(e), cancellation_(c) {
    const std::lock_guard lock(executor_.mutex_);
    executor_.running_.insert(this);
  }
  ~Running() {
    const std::lock_guard lock(executor_.mutex_);
    executor_.running_.erase(this);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  bool is_called(std::string_view task) const { return task == name_ || (task.size() >= shortest_prefix && id_.starts_with(task)); }
  void cancel() const { cancellation_.request(); }

 private:
  static constexpr std::size_t shortest_prefix = 4;
  const std::string id_, name_;
  Executor& executor_;
  guest::Cancellation& cancellation_;
};

void Executor::cancel_all() {
  const std::lock_guard lock(mutex_);
  for (auto* r : running_) r->cancel();
}

bool Executor::cancel(std::string_view task) {
  const std::lock_guard lock(mutex_);
  const auto is_meant = [&](const Running* r) { return r->is_called(task); };
  if (task.empty() || std::ranges::count_if(running_, is_meant) != 1) return false;
  (*std::ranges::find_if(running_, is_meant))->cancel();
  return true;
}

Result<Report> Executor::execute(Spec spec, gate::Ledger* ledger) {
  guest::Cancellation cancellation;
  return execute(std::move(spec), ledger, cancellation);
}

Result<Report> Executor::execute(Spec spec, gate::Ledger* ledger, guest::Cancellation& cancellation) {
  const auto then = spec.then;
  const auto failed = spec.failed;
  const auto manner = spec.commit_by;
  Attempt attempt({parts_.store, parts_.engine, parts_.threads, ledger, parts_.clock, parts_.policy, parts_.isolated}, std::move(spec));
  WRIT_CHECK(attempt.admit());
  {
    const Running running(*this, attempt.input(), cancellation);
    WRIT_CHECK(attempt.run(cancellation));
  }
  auto sealed = attempt.seal();
  const Settling here{parts_.store, parts_.notary, ledger, parts_.files != nullptr ? *parts_.files : workspace::host_files(), manner};
  if (sealed.state == State::failed && failed == Spec::Failed::keep) return keep_failed(here, std::move(sealed));
  switch (then) {
    case Spec::Then::settle: return settle(here, std::move(sealed));
    case Spec::Then::stage: return stage(here, std::move(sealed));
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
  guest::Cancellation cancellation;
  const Running running(*this, attempt.input(), cancellation);
  WRIT_CHECK(attempt.run(cancellation));
  return attempt.seal();
}

}  // namespace writ::task
