#include "guest_input.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace writ::cli {
namespace {

// Until `fd` is ready for `events`; `exhausted` at the deadline or when the user cancelled.
Result<void> wait_for(int fd, int stop, Nanoseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + std::max(deadline, Nanoseconds(0));
  for (;;) {
    const auto left = std::max<Nanoseconds>(end - std::chrono::steady_clock::now(), Nanoseconds(0));
    const timespec wait{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    std::array<pollfd, 2> fds{{{fd, POLLIN, 0}, {stop, POLLIN, 0}}};
    const int ready = ::ppoll(fds.data(), fds.size(), &wait, nullptr);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return system_error(errno, "cannot wait for input", "standard input");
    if (fds[1].revents) return Error{Code::exhausted, "cancelled while waiting for input", "standard input", {}};
    if (fds[0].revents) return {};
    if (left.count() == 0) return Error{Code::exhausted, "no input came in time", "standard input", {}};
  }
}

}  // namespace

Result<std::size_t> GuestInput::read(std::span<std::byte> out, Nanoseconds deadline) {
  if (out.empty()) return std::size_t{0};
  if (position_ < kept_.size()) {
    const std::size_t n = std::min(out.size(), kept_.size() - position_);
    std::memcpy(out.data(), kept_.data() + position_, n);
    position_ += n;
    return n;
  }
  if (!source_) return std::size_t{0};
  WRIT_CHECK(wait_for(source_.get(), stop_, deadline));
  ssize_t n;
  do n = ::read(source_.get(), out.data(), out.size());
  while (n < 0 && errno == EINTR);
  if (n < 0) return system_error(errno, "cannot read the input", "standard input");
  if (keep_ == Keep::yes) keep(out.first(static_cast<std::size_t>(n)));
  return static_cast<std::size_t>(n);
}

void GuestInput::keep(std::span<const std::byte> read) {
  if (kept_.size() + read.size() > most_kept.value()) {
    keep_ = Keep::no;
    gone_ = true;
    std::string().swap(kept_);
  }
  if (keep_ == Keep::yes) kept_.append(reinterpret_cast<const char*>(read.data()), read.size());
  position_ = kept_.size();
}

// A pipe takes nothing back; a file of which not all was wanted is left where the guest stopped, as without us.
void GuestInput::give_back(std::size_t n) {
  if (source_ && keep_ == Keep::no) (void)::lseek(source_.get(), -static_cast<off_t>(n), SEEK_CUR);
}

bool GuestInput::rewind() {
  position_ = 0;
  return !gone_;
}

}  // namespace writ::cli
