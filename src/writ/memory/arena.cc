#include "writ/memory/arena.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace writ::memory {
namespace {

constexpr std::uint64_t page = fence::page_size.value();
static_assert(ARENA_SIZE == fence::slot_size.value() && ARENA_HEADER_SIZE == page && ARENA_HEADER == 0);
static_assert(CALL_ARGUMENTS_MAX == fence::HostCalls::argument_words);
static_assert(sizeof(ArenaHeader) == 8, "the fence writes the gate's address into the first word");
// No stack reaches the header, the state ends below linear memory, and u32 address + u32 offset + 16 bytes stay inside.
static_assert(ARENA_STACK_TOP - ARENA_STACK_MAX >= (2ull << 30) && ARENA_STATE + ARENA_STATE_MAX < ARENA_MEMORY);
static_assert(ARENA_MEMORY + (2ull << 32) + page <= ARENA_SIZE);

ByteCount whole_pages(ByteCount n) { return ByteCount((n.value() + page - 1) / page * page); }

Error outside(GuestAddress at, GuestLength length, ByteCount size) {
  return invalid(fmt::format("{} bytes at {:#x} are not in the guest's memory of {} bytes",
                             std::to_underlying(length), std::to_underlying(at), size.value()),
                 "guest memory");
}

}  // namespace

std::string_view name(Region r) {
  switch (r) {
    case Region::header: return "header";
    case Region::stack_guard: return "stack guard";
    case Region::stack: return "stack";
    case Region::state: return "state";
    case Region::memory: return "linear memory";
    case Region::memory_guard: return "beyond linear memory";
    case Region::nowhere: return "nowhere";
  }
  std::unreachable();
}

Arena::Arena(fence::SlotHandle slot, const ArenaLimits& limits) : slot_(std::move(slot)), limits_(limits) {
  limits_.stack = whole_pages(limits.stack);
  limits_.state = whole_pages(limits.state);
  max_pages_ =
      WasmPageCount(std::min<std::uint64_t>(limits.memory.value() / ARENA_WASM_PAGE, ARENA_MEMORY_PAGES_MAX));
  ledger_.reserved = fence::slot_size;
}

Result<Arena> Arena::open(fence::SlotHandle slot, const ArenaLimits& limits) {
  if (limits.stack.value() == 0 || limits.stack.value() > ARENA_STACK_MAX)
    return invalid(fmt::format("a guest stack of {} bytes", limits.stack.value()), "limit stack",
                   "from 1 byte to 64 MiB");
  if (limits.state.value() > ARENA_STATE_MAX)
    return invalid(fmt::format("a state area of {} bytes", limits.state.value()), "arena", "at most 16 MiB");
  Arena arena(std::move(slot), limits);
  WRIT_CHECK(arena.commit_fixed());
  return arena;
}

Result<void> Arena::commit_fixed() {
  const ByteCount size = limits_.stack + limits_.state;
  WRIT_CHECK(slot_->protect(ARENA_STACK_TOP - limits_.stack.value(), size, fence::Access::read_write));
  charge(size);
  return {};
}

void Arena::charge(ByteCount bytes) {
  ledger_.committed += bytes;
  ledger_.peak = std::max(ledger_.peak, ledger_.committed);
}

std::uint64_t Arena::address(std::uint64_t offset) const {
  return reinterpret_cast<std::uint64_t>(slot_->base()) + offset;
}

Region Arena::region_of(std::uint64_t offset) const {
  if (offset < ARENA_HEADER_SIZE) return Region::header;
  if (offset < ARENA_STACK_TOP - limits_.stack.value()) return Region::stack_guard;
  if (offset < ARENA_STACK_TOP) return Region::stack;
  if (offset < ARENA_STATE + limits_.state.value()) return Region::state;
  if (offset < ARENA_MEMORY) return Region::nowhere;
  if (offset - ARENA_MEMORY < size().value()) return Region::memory;
  return offset < ARENA_SIZE ? Region::memory_guard : Region::nowhere;
}

Result<fence::Exit> Arena::enter(fence::GuestThread& thread, std::uint64_t function, std::uint64_t argument0,
                                 std::uint64_t argument1, Nanoseconds budget, fence::HostCalls& calls) {
  return slot_->enter(thread, {function, argument0, argument1, ARENA_STACK_TOP, limits_.stack, budget}, calls);
}

Result<void> Arena::commit(WasmPageCount initial) {
  if (pages_.value() != 0) return invalid("linear memory is there already", "arena");
  WRIT_CHECK(grow(initial));
  return {};
}

Result<WasmPageCount> Arena::grow(WasmPageCount more) {
  const auto before = pages_;
  if (more > max_pages_ || before + more > max_pages_)
    return Error{Code::exhausted,
                 fmt::format("linear memory of {} + {} pages of 64 KiB", before.value(), more.value()),
                 "limit memory", fmt::format("the limit is {} pages", max_pages_.value())};
  const ByteCount bytes(more.value() * ARENA_WASM_PAGE);
  if (bytes.value()) WRIT_CHECK(slot_->protect(ARENA_MEMORY + size().value(), bytes, fence::Access::read_write));
  pages_ += more;
  charge(bytes);
  return before;
}

Result<void> Arena::reset() {
  WRIT_CHECK(slot_->rebuild());
  pages_ = WasmPageCount(0);
  ledger_.committed = ByteCount(0);
  return commit_fixed();
}

bool Arena::contains(GuestAddress at, GuestLength length) const {
  return std::uint64_t{std::to_underlying(at)} + std::to_underlying(length) <= size().value();
}

Result<std::span<const std::byte>> Arena::read(GuestAddress at, GuestLength length) const {
  if (!contains(at, length)) return outside(at, length, size());
  return std::span<const std::byte>(slot_->base() + ARENA_MEMORY + std::to_underlying(at),
                                    std::to_underlying(length));
}

Result<std::span<std::byte>> Arena::write(GuestAddress at, GuestLength length) {
  if (!contains(at, length)) return outside(at, length, size());
  return std::span<std::byte>(slot_->base() + ARENA_MEMORY + std::to_underlying(at), std::to_underlying(length));
}

Result<std::string> Arena::text(GuestAddress at, GuestLength length) const {
  WRIT_TRY(const auto bytes, read(at, length));
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::span<std::byte> Arena::state() { return {slot_->base() + ARENA_STATE, limits_.state.value()}; }

}  // namespace writ::memory
