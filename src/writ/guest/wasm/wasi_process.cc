// Arguments, environment, clocks, randomness and the end.
#include <algorithm>

#include "writ/guest/wasm/wasi_calls.h"

namespace writ::guest::wasm::wasi {
namespace {

// Bytes filled between two looks at whether the task must end.
constexpr std::size_t random_chunk = 1 << 20;
constexpr std::uint64_t clock_resolution = 1;

std::uint64_t text_size(const std::vector<std::string>& strings) {
  std::uint64_t size = 0;
  for (const auto& s : strings) size += s.size() + 1;
  return size;
}

// (count, bytes)
Errno sizes(const std::vector<std::string>& strings, const Call& call) {
  const std::uint64_t size = text_size(strings);
  if (size > UINT32_MAX) return Errno::overflow;
  if (!call.memory().contains(call.word(0), 4) || !call.memory().contains(call.word(1), 4)) return Errno::fault;
  const bool stored = call.memory().store(call.word(0), static_cast<std::uint32_t>(strings.size())) &&
                      call.memory().store(call.word(1), static_cast<std::uint32_t>(size));
  return stored ? Errno::success : Errno::fault;
}

// (pointers, bytes): the pointers, and the strings they point to.
Errno strings_to(const std::vector<std::string>& strings, const Call& call) {
  const GuestMemory& memory = call.memory();
  std::uint32_t list = call.word(0), at = call.word(1);
  if (!memory.contains(list, strings.size() * 4) || !memory.contains(at, text_size(strings))) return Errno::fault;
  for (const auto& s : strings) {
    if (!memory.store(list, at)) return Errno::fault;
    std::memcpy(memory.at(at, s.size() + 1).data(), s.c_str(), s.size() + 1);
    list += 4;
    at += static_cast<std::uint32_t>(s.size() + 1);
  }
  return Errno::success;
}

}  // namespace

Errno args_get(WasiGuest& guest, const Call& call) { return strings_to(guest.arguments(), call); }
Errno args_sizes_get(WasiGuest& guest, const Call& call) { return sizes(guest.arguments(), call); }
Errno environ_get(WasiGuest& guest, const Call& call) { return strings_to(guest.environment(), call); }
Errno environ_sizes_get(WasiGuest& guest, const Call& call) { return sizes(guest.environment(), call); }

// (clock, result)
Errno clock_res_get(WasiGuest&, const Call& call) {
  if (call.word(0) > static_cast<std::uint32_t>(ClockId::thread_cpu)) return Errno::inval;
  return call.memory().store(call.word(1), clock_resolution) ? Errno::success : Errno::fault;
}

// (clock, precision, result)
Errno clock_time_get(WasiGuest& guest, const Call& call) {
  if (call.word(0) > static_cast<std::uint32_t>(ClockId::thread_cpu)) return Errno::inval;
  if (!call.memory().contains(call.word(2), sizeof(std::uint64_t))) return Errno::fault;
  // CPU time would differ between two runs of the same task; the monotonic clock stands in for it.
  const auto now = static_cast<ClockId>(call.word(0)) == ClockId::realtime ? guest.session().wall_time().ns
                                                                           : guest.session().monotonic_time().count();
  return call.memory().store(call.word(2), static_cast<std::uint64_t>(now)) ? Errno::success : Errno::fault;
}

// (buffer, length)
Errno random_get(WasiGuest& guest, const Call& call) {
  const std::uint32_t at = call.word(0), length = call.word(1);
  if (!call.memory().contains(at, length)) return Errno::fault;
  auto out = call.memory().at(at, length);
  while (!out.empty() && !guest.session().monitor().must_end()) {
    const auto chunk = out.first(std::min(out.size(), random_chunk));
    guest.session().fill_random(chunk);
    out = out.subspan(chunk.size());
  }
  return Errno::success;
}

// (code). As a shell sees it: the low eight bits, except that no failure becomes 0.
Errno proc_exit(WasiGuest& guest, const Call& call) {
  constexpr std::uint32_t low = 0xff;
  const std::uint32_t code = call.word(0);
  return guest.leave(End::completed, static_cast<int>(code != 0 && (code & low) == 0 ? low : code & low), {});
}

// (signal). No handler can be set, so the default action it is; what stops a process would stop it for ever.
Errno proc_raise(WasiGuest& guest, const Call& call) {
  constexpr std::uint32_t none = 0, child = 16, go_on = 17, urgent = 22, window = 27;
  const std::uint32_t signal = call.word(0);
  if (signal > last_signal) return Errno::inval;
  if (signal == none || signal == child || signal == go_on || signal == urgent || signal == window) return Errno::success;
  return guest.leave(End::completed, static_cast<int>(128 + signal), {});
}

Errno sched_yield(WasiGuest&, const Call&) { return Errno::success; }

}  // namespace writ::guest::wasm::wasi
