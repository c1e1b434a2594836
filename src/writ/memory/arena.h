// Arena: the memory that a WebAssembly guest owns, laid out in a slot of the fence (layout.h): stack, state, linear
// memory, and guard areas between them. It commits, grows and resets, keeps the ledger, and is the only way by which host
// functions touch what a guest pointed to.
//
// What a guest hands over is tainted: an address and a length are 32-bit numbers that are checked against the host's own
// page count, in 64 bits, before anything is touched; what is decided upon is copied first, so that it cannot change
// between the check and the use. While a host call runs, the guest's thread is the one that runs it, so spans into the
// arena stay valid until the next grow, reset or return to the guest.
// Threads: one at a time, the holder's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "writ/base/result.h"
#include "writ/base/units.h"
#include "writ/fence/fence.h"
#include "writ/memory/layout.h"

namespace writ::memory {

// Numbers that a guest said: an address in linear memory, and how many bytes.
enum class GuestAddress : std::uint32_t {};
enum class GuestLength : std::uint32_t {};

struct ArenaLimits {
  ByteCount memory = 512 * MiB;  // linear memory; rounded down to pages of 64 KiB
  ByteCount stack{ARENA_STACK};  // rounded up to pages, at most ARENA_STACK_MAX
  ByteCount state{4ull << 20};   // instance and tables, at most ARENA_STATE_MAX
};

// What is charged. `committed` counts what is accessible, touched or not.
struct ArenaLedger {
  ByteCount reserved;
  ByteCount committed;
  ByteCount peak;
  friend bool operator==(const ArenaLedger&, const ArenaLedger&) = default;
};

enum class Region { header, stack_guard, stack, state, memory, memory_guard, nowhere };
std::string_view name(Region);

class Arena {
 public:
  // Takes a slot and commits stack and state. `invalid` for limits beyond the layout.
  static Result<Arena> open(fence::SlotHandle, const ArenaLimits&);

  fence::Slot& slot() const { return *slot_; }
  std::uint64_t address(std::uint64_t offset) const;  // of an offset in the arena, as the guest sees it
  Region region_of(std::uint64_t offset) const;       // of a fault, for its name

  // Runs `function(argument0, argument1)` on the guest's stack.
  Result<fence::Exit> enter(fence::GuestThread&, std::uint64_t function, std::uint64_t argument0,
                            std::uint64_t argument1, Nanoseconds budget, fence::HostCalls&);

  // Linear memory. `exhausted` beyond the limit; then nothing changed. grow() answers the size before.
  Result<void> commit(WasmPageCount initial);
  Result<WasmPageCount> grow(WasmPageCount more);
  WasmPageCount pages() const { return pages_; }
  WasmPageCount max_pages() const { return max_pages_; }
  ByteCount size() const { return ByteCount(pages_.value() * ARENA_WASM_PAGE); }

  // As after open(): zero, no linear memory, not poisoned.
  Result<void> reset();
  const ArenaLedger& ledger() const { return ledger_; }

  // Guest memory, checked: `invalid` if a byte of the range lies outside.
  Result<std::span<const std::byte>> read(GuestAddress, GuestLength) const;
  Result<std::span<std::byte>> write(GuestAddress, GuestLength);
  bool contains(GuestAddress, GuestLength) const;
  Result<std::string> text(GuestAddress, GuestLength) const;  // a copy

  template <class T>
  requires std::is_trivially_copyable_v<T> Result<T> load(GuestAddress at)
  const {
    WRIT_TRY(const auto bytes, read(at, GuestLength(sizeof(T))));
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  template <class T>
  requires std::is_trivially_copyable_v<T> Result<void> store(GuestAddress at, const T& value) {
    WRIT_TRY(const auto bytes, write(at, GuestLength(sizeof(T))));
    std::memcpy(bytes.data(), &value, sizeof value);
    return {};
  }

  // The state area (instance, tables), for engines that snapshot or rebase it.
  std::span<std::byte> state();

 private:
  Arena(fence::SlotHandle slot, const ArenaLimits&);
  Result<void> commit_fixed();
  void charge(ByteCount bytes);

  fence::SlotHandle slot_;
  ArenaLimits limits_;
  WasmPageCount pages_;
  WasmPageCount max_pages_;
  ArenaLedger ledger_;
};

}  // namespace writ::memory
