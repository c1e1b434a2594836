// The 46 functions of WASI preview 1: names, signatures, and what answers them. docs/wasi.md holds the same table, and a
// test compares the two.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "writ/guest/wasm/wasi_abi.h"
#include "writ/guest/wasm/wasi_memory.h"

namespace writ::guest::wasm::wasi {

class WasiGuest;

inline constexpr std::string_view module_name = "wasi_snapshot_preview1";

// One call: the guest's memory and the words that it passed. A 32-bit parameter is the low half of its word.
class Call {
 public:
  Call(GuestMemory memory, std::span<const std::uint64_t> words) : memory_(memory), words_(words) {}
  const GuestMemory& memory() const { return memory_; }
  std::uint32_t word(std::size_t i) const { return static_cast<std::uint32_t>(words_[i]); }
  std::uint64_t wide(std::size_t i) const { return words_[i]; }

 private:
  GuestMemory memory_;
  std::span<const std::uint64_t> words_;
};

struct Function {
  std::string_view name;
  std::string_view parameters;  // one letter each: i is i32, I is i64
  std::string_view results;     // "i" (an errno) or ""
  Errno (*call)(WasiGuest&, const Call&);
  std::string_view meaning;     // for docs/wasi.md
};

std::span<const Function> functions();

}  // namespace writ::guest::wasm::wasi
