#include "interruption.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>

#include "exit_status.h"
#include "writ/base/assert.h"

namespace writ::cli {
namespace {
constexpr int ask_again_ms = 50;

sigset_t wanted() {
  sigset_t set;
  sigemptyset(&set);
  for (const int s : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, s);
  return set;
}

void raise_flag(const Fd& event) {
  const std::uint64_t one = 1;
  (void)!::write(event.get(), &one, sizeof one);
}
}  // namespace

Interruption::Interruption() {
  const sigset_t set = wanted();
  WRIT_ASSERT(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  signals_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC));
  stop_ = Fd(::eventfd(0, EFD_CLOEXEC));
  over_ = Fd(::eventfd(0, EFD_CLOEXEC));
  WRIT_ASSERT(signals_ && stop_ && over_);
  thread_ = std::thread([this] { watch(); });
}

Interruption::~Interruption() {
  raise_flag(over_);
  thread_.join();
}

void Interruption::on_request(std::function<void()> cancel) {
  const std::lock_guard lock(mutex_);
  cancel_ = std::move(cancel);
}

void Interruption::ask() {
  const std::lock_guard lock(mutex_);
  if (cancel_) cancel_();
}

void Interruption::watch() {
  for (;;) {
    std::array<pollfd, 2> fds{{{over_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}}};
    const int ready = ::poll(fds.data(), fds.size(), requested() ? ask_again_ms : -1);
    if (ready > 0 && fds[0].revents) return;
    if (ready > 0 && fds[1].revents) {
      signalfd_siginfo info;
      if (::read(signals_.get(), &info, sizeof info) != sizeof info) continue;
      if (requested_.exchange(true)) ::_exit(exit_cancelled);
      raise_flag(stop_);
    }
    if (requested()) ask();
  }
}

}  // namespace writ::cli
