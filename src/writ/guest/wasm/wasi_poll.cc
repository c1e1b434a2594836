// poll_oneoff: sleeping, and readiness. Descriptors are always ready (standard input blocks when it is read), so a wait
// that names one never sleeps; otherwise the earliest clock is waited for.
#include <algorithm>
#include <vector>

#include "writ/guest/wasm/wasi_calls.h"

namespace writ::guest::wasm::wasi {
namespace {

constexpr std::uint32_t most_subscriptions = 4096;  // more than a guest can have descriptors by default

struct Wait {
  Subscription subscription;
  Errno error = Errno::success;
  Nanoseconds left{0};  // clocks: until it fires
};

Nanoseconds until(WasiGuest& guest, const Subscription& s) {
  const auto timeout = static_cast<std::int64_t>(std::min<std::uint64_t>(s.clock.timeout, INT64_MAX));
  if ((s.clock.flags & clock_absolute) == 0) return Nanoseconds(timeout);
  const std::int64_t now = static_cast<ClockId>(s.clock.id) == ClockId::realtime ? guest.session().wall_time().ns
                                                                                 : guest.session().monotonic_time().count();
  return Nanoseconds(timeout > now ? timeout - now : 0);
}

Wait prepare(WasiGuest& guest, const Subscription& s) {
  Wait wait{s};
  if (s.kind == EventKind::clock) {
    if (s.clock.id > static_cast<std::uint32_t>(ClockId::thread_cpu)) wait.error = Errno::inval;
    else wait.left = until(guest, s);
  } else if (!guest.descriptors().find(s.descriptor)) {
    wait.error = Errno::badf;
  }
  return wait;
}

Event event_of(WasiGuest& guest, const Wait& wait) {
  Event event{wait.subscription.userdata, wait.error, wait.subscription.kind, {}, 0, 0, {}};
  if (wait.subscription.kind != EventKind::fd_read || wait.error != Errno::success) return event;
  Descriptor* d = guest.descriptors().find(wait.subscription.descriptor);
  std::uint64_t size = 1;  // of standard input nobody knows: at least one read will not be refused
  if (auto* object = d->object()) size = object->size().value_or(0);
  else if (auto* file = d->file()) size = file->metadata().size;
  event.bytes = d->console() ? size : size - std::min(size, d->offset);
  return event;
}

}  // namespace

// (subscriptions, events, count, result)
Errno poll_oneoff(WasiGuest& guest, const Call& call) {
  const GuestMemory& memory = call.memory();
  const std::uint32_t in = call.word(0), out = call.word(1), count = call.word(2);
  if (count == 0 || count > most_subscriptions) return Errno::inval;
  if (!memory.contains(in, std::uint64_t{count} * sizeof(Subscription)) ||
      !memory.contains(out, std::uint64_t{count} * sizeof(Event)) || !memory.contains(call.word(3), 4))
    return Errno::fault;

  std::vector<Wait> waits;
  bool ready = false;
  Nanoseconds earliest = Nanoseconds::max();
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto s = memory.load<Subscription>(in + i * static_cast<std::uint32_t>(sizeof(Subscription)));
    if (!s) return Errno::fault;
    if (s->kind > EventKind::fd_write) return Errno::inval;
    const Wait& wait = waits.emplace_back(prepare(guest, *s));
    const bool sleeps = s->kind == EventKind::clock && wait.error == Errno::success;
    if (sleeps) earliest = std::min(earliest, wait.left);
    ready = ready || !sleeps;
  }
  if (ready) earliest = Nanoseconds(0);
  else if (const Errno slept = guest.sleep(earliest); slept != Errno::success || guest.end()) return slept;

  std::uint32_t events = 0;
  for (const Wait& wait : waits) {
    if (wait.left > earliest) continue;
    if (!memory.store(out + events * static_cast<std::uint32_t>(sizeof(Event)), event_of(guest, wait))) return Errno::fault;
    ++events;
  }
  return memory.store(call.word(3), events) ? Errno::success : Errno::fault;
}

}  // namespace writ::guest::wasm::wasi
