#include "writ/guest/wasm/run.h"

#include <time.h>

#include <algorithm>
#include <utility>

#include "writ/base/quantity.h"
#include "writ/guest/wasm/trap.h"
#include "writ/memory/layout.h"

namespace writ::guest::wasm {
namespace {

constexpr std::uint64_t grow_failed = UINT32_MAX;

}  // namespace

Nanoseconds thread_time() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::chrono::seconds(t.tv_sec) + Nanoseconds(t.tv_nsec);
}

GuestRun::GuestRun(const WasmImage& image, std::span<const HostModule> tables, memory::Arena& arena, Call& call)
    : image_(image), arena_(arena), call_(call), start_(system_clock().monotonic()), host_(tables.size()) {
  for (const Linked& l : image.imports())
    if (!host_[l.module]) host_[l.module] = tables[l.module].start(call);
}

Result<bool> GuestRun::enter(std::uint64_t function) {
  const Nanoseconds left = call_.limits.time - (system_clock().monotonic() - start_);
  if (left.count() <= 0) {
    outcome_ = {End::timed_out, 0, "out of time", {}};
    return false;
  }
  const std::uint64_t state = arena_.address(ARENA_STATE);
  WRIT_TRY(const fence::Exit e, arena_.enter(call_.thread, function, state, state + arena_.state().size(), left, *this));
  if (e.ending == fence::Ending::returned) return true;
  if (e.ending != fence::Ending::left) outcome_ = outcome_of(e, image_, arena_);
  return false;
}

// What the module declares is known before it runs: so its memory is there before the first entry, and a slot that has the
// same from its last holder need not be changed (fence/native_pages.h).
bool GuestRun::commit_memory() {
  const WasmPageCount pages = image_.module().memory_minimum;
  if (arena_.commit(pages)) return true;
  outcome_ = {End::out_of_memory, 0,
              "needs " + format_size(ByteCount(pages.value() * ARENA_WASM_PAGE)) + " of memory at its start, and its limit is " +
                  format_size(call_.limits.memory), {}};
  return false;
}

Result<Run> GuestRun::run(std::uint64_t entry, std::optional<std::uint64_t> initialize) {
  const Nanoseconds cpu = thread_time();
  if (commit_memory()) {
    const auto interrupt = arena_.slot().interrupt();
    const Cancellation::Hook hook(call_.cancellation, [interrupt] { interrupt->cancel(); });
    WRIT_TRY(bool on, enter(image_.instantiate()));
    if (on && initialize) { WRIT_TRY(on, enter(*initialize)); }
    if (on) { WRIT_TRY(on, enter(entry)); }
    if (on) outcome_ = Outcome{};
  }
  if (call_.last_look) call_.last_look({arena_.slot().base() + ARENA_MEMORY, arena_.size().value()});
  Run r;
  r.outcome = outcome_.value_or(Outcome{End::trapped, 0, "left without a reason", {}});
  r.resources = {system_clock().monotonic() - start_, thread_time() - cpu, arena_.size(), host_calls_};
  return r;
}

fence::HostReply GuestRun::leave(Outcome o) {
  outcome_ = std::move(o);
  return fence::HostReply::leave();
}

fence::HostReply GuestRun::call(std::uint64_t index, std::span<const std::uint64_t> arguments) {
  constexpr std::size_t most_runtime_needs = 2;
  if (index >= CALL_FIRST_IMPORT) return import(index - CALL_FIRST_IMPORT, arguments);
  if (arguments.size() < most_runtime_needs) return fence::HostReply::refuse();
  switch (index) {
    case CALL_TRAP: return trap(arguments);
    case CALL_MEMORY_INIT: return memory_init(arguments[0], arguments[1]);
    case CALL_MEMORY_GROW: return memory_grow(arguments[0]);
    default: return fence::HostReply::refuse();
  }
}

// (code, return address): the guest's words, which only end up in a text.
fence::HostReply GuestRun::trap(std::span<const std::uint64_t> arguments) {
  std::string function = function_name(image_, arguments[1] - 1);
  return leave({End::trapped, 0, std::string(trap_name(arguments[0])), std::move(function)});
}

// The guest's words are only answered, never believed.
fence::HostReply GuestRun::memory_init(std::uint64_t pages, std::uint64_t maximum) {
  if (pages != image_.module().memory_minimum.value() || std::exchange(memory_told_, true)) return fence::HostReply::refuse();
  return fence::HostReply::of(std::min(maximum, arena_.max_pages().value()));
}

fence::HostReply GuestRun::memory_grow(std::uint64_t pages) {
  const auto before = arena_.grow(WasmPageCount(pages & UINT32_MAX));
  return fence::HostReply::of(before ? before->value() : grow_failed);
}

fence::HostReply GuestRun::import(std::size_t index, std::span<const std::uint64_t> arguments) {
  if (index >= image_.imports().size()) return fence::HostReply::refuse();
  const Linked& l = image_.imports()[index];
  if (arguments.size() < l.parameters) return fence::HostReply::refuse();
  ++host_calls_;
  const std::span<std::byte> memory(arena_.slot().base() + ARENA_MEMORY, arena_.size().value());
  const auto value = host_[l.module]->call(l.function, memory, arguments.first(l.parameters));
  if (value) return fence::HostReply::of(*value);
  return leave(host_[l.module]->end().value_or(Outcome{End::trapped, 0, "ended by its host", {}}));
}

}  // namespace writ::guest::wasm
