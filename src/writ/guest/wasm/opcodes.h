// Instructions of x86-64 that several parts of the baseline translator use (Intel SDM volume 2).
#pragma once

#include "writ/guest/wasm/assembler.h"

namespace writ::guest::wasm {

constexpr Opcode move_load(bool wide) { return {0x8b, 0, wide}; }    // register <- register or place
constexpr Opcode move_store(bool wide) { return {0x89, 0, wide}; }   // place <- register
constexpr Opcode float_load(bool wide) { return {0x0f10, static_cast<std::uint8_t>(wide ? 0xf2 : 0xf3)}; }
constexpr Opcode float_store(bool wide) { return {0x0f11, static_cast<std::uint8_t>(wide ? 0xf2 : 0xf3)}; }
constexpr Opcode compare_with(bool wide) { return {0x3b, 0, wide}; }  // register with register or place
constexpr Opcode test_with(bool wide) { return {0x85, 0, wide}; }
constexpr Opcode address_of{0x8d, 0, true};

// Numbers of traps (image/wasm-rt.h).
enum TrapNumber : unsigned {
  trap_overflow = 2, trap_division = 3, trap_conversion = 4, trap_unreachable = 5, trap_indirect = 6
};

}  // namespace writ::guest::wasm
