#include "guest_output.h"

#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "output.h"

namespace writ::cli {
namespace {

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string_view place(int fd) { return fd == STDOUT_FILENO ? "standard output" : "standard error"; }

Result<void> wait_for_room(int fd, int stop, std::chrono::steady_clock::time_point end) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    if (left <= 0) return Error{Code::exhausted, "nobody reads what the guest writes", std::string(place(fd)), {}};
    std::array<pollfd, 2> fds{{{fd, POLLOUT, 0}, {stop, POLLIN, 0}}};
    const int ready = ::poll(fds.data(), fds.size(), static_cast<int>(std::min<long long>(left, INT_MAX)));
    if (ready < 0 && errno != EINTR) return system_error(errno, "cannot wait to write", place(fd));
    if (ready > 0 && fds[0].revents) return {};
    if (ready > 0) return Error{Code::exhausted, "cancelled while waiting to write", std::string(place(fd)), {}};
  }
}

// All of it, in pieces that a pipe with room takes without blocking (PIPE_BUF).
Result<void> write_patiently(int fd, int stop, std::string_view bytes, Nanoseconds patience) {
  struct stat found {};
  const bool file = ::fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!bytes.empty()) {
    if (!file) WRIT_CHECK(wait_for_room(fd, stop, end));
    const ssize_t n = ::write(fd, bytes.data(), file ? bytes.size() : std::min<std::size_t>(bytes.size(), PIPE_BUF));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      Error e = system_error(errno, "cannot write what the guest writes", place(fd));
      if (e.code != Code::exhausted) e.code = Code::unavailable;
      return e;
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

Result<void> GuestOutput::pass_on(guest::Stream s, std::string_view bytes) {
  const int fd = descriptor(s);
  if (s == guest::Stream::err && !bytes.empty()) open_line_ = bytes.back() != '\n';
  auto r = is_terminal(fd) ? write_patiently(fd, stop_, terminal_[index(s)].add(bytes), patience_)
                           : write_patiently(fd, stop_, bytes, patience_);
  if (!r && failure_) failure_ = r;
  return r;
}

Result<void> GuestOutput::write(guest::Stream s, std::span<const std::byte> bytes) {
  if (way_ == Way::stream) return pass_on(s, text_of(bytes));
  held_[index(s)] += text_of(bytes);
  return {};
}

void GuestOutput::release() {
  for (const guest::Stream s : {guest::Stream::out, guest::Stream::err})
    if (failure_) (void)pass_on(s, held_[index(s)]);
}

void GuestOutput::end() {
  for (const guest::Stream s : {guest::Stream::out, guest::Stream::err})
    write_all(descriptor(s), terminal_[index(s)].end());
  if (open_line_) write_all(STDERR_FILENO, "\n");
}

}  // namespace writ::cli
