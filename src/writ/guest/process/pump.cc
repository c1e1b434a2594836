#include "writ/guest/process/pump.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace writ::guest::process {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t piece = 64 * 1024;
constexpr Nanoseconds tick = std::chrono::milliseconds(10);      // of an input of which nobody says when it is there
constexpr Nanoseconds moment = std::chrono::microseconds(100);

}  // namespace

Result<Pump::Pipe> Pump::make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error(errno, "cannot create a pipe", {});
  Pipe p{Fd(ends[0]), Fd(ends[1])};
  return p;
}

Result<Pump> Pump::open(Stdio& stdio) {
  Pump pump(stdio);
  WRIT_TRY(pump.input_, make_pipe());
  WRIT_TRY(pump.output_, make_pipe());
  WRIT_TRY(pump.errors_, make_pipe());
  const int small = ::fcntl(pump.input_.write.get(), F_SETPIPE_SZ, page);
  if (small < 0 || ::fcntl(pump.input_.write.get(), F_SETFL, O_NONBLOCK) != 0 || ::fcntl(pump.output_.read.get(), F_SETFL, O_NONBLOCK) != 0 ||
      ::fcntl(pump.errors_.read.get(), F_SETFL, O_NONBLOCK) != 0)
    return system_error(errno, "cannot set up a pipe", {});
  return pump;
}

bool Pump::drain(Pipe& pipe, Stream stream) {
  std::array<std::byte, piece> buffer;
  while (pipe.read) {
    const ssize_t n = ::read(pipe.read.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return true;
    if (n == 0) pipe.read.reset();
    else if (!stdio_->write(stream, std::span(buffer).first(static_cast<std::size_t>(n)))) return false;
  }
  return true;
}

// One page, into a pipe that is known to be empty.
void Pump::feed() {
  std::array<std::byte, page> buffer;
  const auto n = stdio_->read(buffer, moment);
  if (!n && n.error().code == Code::exhausted) return;  // not yet
  if (!n || *n == 0) {
    input_.write.reset();
    return;
  }
  fed_ = true;
  (void)!::write(input_.write.get(), buffer.data(), *n);
}

Until Pump::run(int ended, Nanoseconds deadline, Cancellation& cancellation, const Also& also, DiskWatch& disk) {
  output_.write.reset();
  errors_.write.reset();
  const Fd stop(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const Cancellation::Hook hook(cancellation, [&stop] {
    const std::uint64_t one = 1;
    (void)!::write(stop.get(), &one, sizeof one);
  });
  const int source = stdio_->readable();
  bool empty = true;  // the input's pipe
  Nanoseconds next_look = disk.watches() ? system_clock().monotonic() + disk.wait() : Nanoseconds::max();
  for (;;) {
    const bool wants = static_cast<bool>(input_.write);
    std::array<pollfd, 7> polled{{{ended, POLLIN, 0},
                                  {output_.read ? output_.read.get() : -1, POLLIN, 0},
                                  {errors_.read ? errors_.read.get() : -1, POLLIN, 0},
                                  {stop.get(), POLLIN, 0},
                                  {wants && !empty ? input_.write.get() : -1, POLLOUT, 0},
                                  {wants && empty ? source : -1, POLLIN, 0},
                                  {also.fd, POLLIN, 0}}};
    const Nanoseconds now = system_clock().monotonic();
    if (now >= deadline) return Until::time;
    if (now >= next_look) {
      if (const auto over = disk.look(); over != DiskWatch::Over::no) return over == DiskWatch::Over::limit ? Until::disk : Until::full;
      next_look = system_clock().monotonic() + disk.wait();
    }
    Nanoseconds left = std::max(Nanoseconds(1), std::min(deadline, next_look) - now);
    const bool by_ticks = wants && empty && source < 0;
    if (by_ticks) left = std::min(left, tick);
    const timespec timeout{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    if (::ppoll(polled.data(), polled.size(), &timeout, nullptr) < 0) continue;  // EINTR
    if (polled[3].revents != 0) return Until::cancelled;
    if (!drain(output_, Stream::out) || !drain(errors_, Stream::err)) return Until::output;
    if (also.fd >= 0 && polled[6].revents != 0) also.answer();
    if (polled[0].revents != 0) return Until::ended;
    if (polled[4].revents != 0) empty = true;
    else if (by_ticks || polled[5].revents != 0) {
      fed_ = false;
      feed();
      empty = !fed_;
    }
  }
}

bool Pump::finish() {
  const bool fits = drain(output_, Stream::out) && drain(errors_, Stream::err);
  int unread = 0;
  if (fed_ && ::ioctl(input_.read.get(), FIONREAD, &unread) != 0) unread = 0;
  stdio_->give_back(static_cast<std::size_t>(std::max(unread, 0)));
  return fits;
}

}  // namespace writ::guest::process
