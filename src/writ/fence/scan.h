// Finds instructions that would let a guest open its fence: at every byte offset, because a guest jumps where it likes.
//
//   WRPKRU                 0F 01 EF                       writes PKRU
//   XRSTOR                 0F AE /5 with memory           restores PKRU from memory
//   WRFSBASE, WRGSBASE     F3 [REX] 0F AE /2, /3 register moves the base by which the gate knows its thread
//
// (Intel SDM volume 2.) Raw system call instructions are not searched by bytes: 0F 05 occurs by accident five times in a
// MiB; Syscall User Dispatch ends a guest that executes one.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace writ::fence {

enum class Forbidden { wrpkru, xrstor, wrfsgsbase };
std::string_view name(Forbidden);

struct Hit {
  std::size_t offset = 0;  // of the 0F byte
  Forbidden what = Forbidden::wrpkru;
  friend bool operator==(const Hit&, const Hit&) = default;
};

// All of them, in order. What spans two mappings is found only if they are scanned as one.
std::vector<Hit> scan(std::span<const std::byte> code);
std::optional<Hit> first_forbidden(std::span<const std::byte> code);

}  // namespace writ::fence
