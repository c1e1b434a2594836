#include "interruption.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "exit_status.h"
#include "writ/base/assert.h"
#include "writ/base/thread.h"

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

Result<std::unique_ptr<Interruption>> Interruption::start() {
  std::unique_ptr<Interruption> made(new Interruption);
  const sigset_t set = wanted();
  WRIT_ASSERT(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  made->signals_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC));
  if (made->signals_) made->stop_ = Fd(::eventfd(0, EFD_CLOEXEC));
  if (made->stop_) made->over_ = Fd(::eventfd(0, EFD_CLOEXEC));
  if (!made->over_) return system_error(errno, "cannot watch for signals", {});
  WRIT_TRY(made->thread_, start_thread([p = made.get()] { p->watch(); }));
  return made;
}

Interruption::~Interruption() {
  if (!thread_.joinable()) return;
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
      ask();  // first: who is woken by the flag looks whether the task was cancelled
      raise_flag(stop_);
      continue;
    }
    if (requested()) ask();
  }
}

}  // namespace writ::cli
