#include "writ/guest/wasm/wasi_guest.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "writ/base/quantity.h"
#include "writ/guest/wasm/wasi_functions.h"

namespace writ::guest::wasm::wasi {
namespace {

// How long a real sleep goes on before it looks whether the task was cancelled.
constexpr Nanoseconds sleep_slice = std::chrono::milliseconds(20);

// What a file system answered, in the guest's numbers; nothing where WASI has none for it.
std::optional<Errno> errno_of(int number) {
  switch (number) {
    case EACCES: return Errno::acces;
    case EBADF: return Errno::badf;
    case EBUSY: return Errno::busy;
    case EEXIST: return Errno::exist;
    case EFBIG: return Errno::fbig;
    case EINVAL: return Errno::inval;
    case EIO: return Errno::io;
    case EISDIR: return Errno::isdir;
    case ELOOP: return Errno::loop;
    case ENAMETOOLONG: return Errno::nametoolong;
    case ENOENT: return Errno::noent;
    case ENOSPC:
    case EDQUOT: return Errno::nospc;
    case ENOTDIR: return Errno::notdir;
    case ENOTEMPTY: return Errno::notempty;
    case EOPNOTSUPP: return Errno::notsup;
    case EPERM: return Errno::perm;
    case EROFS: return Errno::rofs;
    case EXDEV: return Errno::xdev;
    default: return std::nullopt;
  }
}

Errno errno_of(Code code) {
  switch (code) {
    case Code::denied: return Errno::acces;  // strerror: "Permission denied", which is what C programs print
    case Code::unavailable: return Errno::io;  // what is not there says so itself (ENOENT); this could not be read
    case Code::invalid: return Errno::inval;
    case Code::exhausted: return Errno::nospc;
    case Code::conflict: return Errno::busy;
    case Code::unsupported: return Errno::notsup;
    case Code::corrupt:
    case Code::poisoned: return Errno::io;
  }
  std::unreachable();
}

}  // namespace

WasiGuest::WasiGuest(Setup setup)
    : setup_(std::move(setup)), descriptors_(setup_.limits.files), deadline_(setup_.clock.monotonic() + setup_.limits.time) {
  const Rights console = right::of_console;
  descriptors_.add({Console{std::nullopt}, console | right::read, 0, 0, 0});
  descriptors_.add({Console{Stream::out}, console | right::write, 0, 0, 0});
  descriptors_.add({Console{Stream::err}, console | right::write, 0, 0, 0});
  descriptors_.add({Folder{}, right::of_folder, right::all, 0, 0});
}

std::optional<std::uint64_t> WasiGuest::call(std::size_t function, GuestMemory memory, std::span<const std::uint64_t> words) {
  const auto all = functions();
  if (function >= all.size() || words.size() < all[function].parameters.size()) {
    leave(End::trapped, 0, "call of a host function that does not exist");
    return std::nullopt;
  }
  const Function& f = all[function];
  const Errno answer = f.call(*this, Call(memory, words));
  if (!end_ && session().monitor().must_end()) {
    leave(session().monitor().ended_by_denial() ? End::denied : End::trapped, 0, session().monitor().end_reason());
  }
  if (end_) return std::nullopt;
  return static_cast<std::uint64_t>(answer);
}

const std::vector<std::string>& WasiGuest::environment() {
  if (!environment_) environment_ = session().environment();
  return *environment_;
}

Errno WasiGuest::leave(End end, int exit_code, std::string reason) {
  if (!end_) end_ = Outcome{end, exit_code, std::move(reason), {}};
  return Errno::success;
}

Errno WasiGuest::refused(const Error& error) const {
  // A guest that was granted nothing with a path has an empty root.
  if (error.code == Code::denied && error.where.starts_with('/') && !setup_.session.has_paths()) return Errno::noent;
  return errno_of(error.number).value_or(errno_of(error.code));
}

Answer<std::size_t> WasiGuest::read_input(std::span<std::byte> out) {
  if (out.empty()) return 0;
  const auto got = setup_.stdio.read(out, std::max(remaining(), Nanoseconds(0)));
  if (got) return std::min(*got, out.size());
  if (setup_.cancellation.requested()) return std::unexpected(leave(End::cancelled, 0, "cancelled while reading its input"));
  if (got.error().code == Code::exhausted)
    return std::unexpected(leave(End::timed_out, 0, "out of time while waiting for its input"));
  return std::unexpected(Errno::io);
}

Errno WasiGuest::write_output(Stream stream, std::span<const std::byte> bytes) {
  const std::uint64_t limit = setup_.limits.output.value();
  const std::size_t fits = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), limit - output_));
  if (fits > 0) {
    if (!setup_.stdio.write(stream, bytes.first(fits))) return Errno::io;
    output_ += fits;
  }
  if (fits == bytes.size()) return Errno::success;
  return leave(End::trapped, 0, fmt::format("output limit of {} reached", format_size(setup_.limits.output)));
}

Errno WasiGuest::sleep(Nanoseconds duration) {
  if (!session().real_clock()) {
    session().sleep_virtual(duration);
    return Errno::success;
  }
  const Nanoseconds now = setup_.clock.monotonic();
  const Nanoseconds end = duration < deadline_ - now ? now + duration : deadline_;
  const bool allowed = session().sleep_really([&] {
    for (Nanoseconds t = now; t < end; t = setup_.clock.monotonic()) {
      if (setup_.cancellation.requested()) return false;
      std::this_thread::sleep_for(std::min(end - t, sleep_slice));
    }
    return end != deadline_;
  });
  if (!allowed) return Errno::acces;
  if (setup_.cancellation.requested()) return leave(End::cancelled, 0, "cancelled while sleeping");
  return end == deadline_ ? leave(End::timed_out, 0, "out of time while sleeping") : Errno::success;
}

}  // namespace writ::guest::wasm::wasi
