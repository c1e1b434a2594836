#include "writ/guest/wasm/assembler.h"

#include "writ/base/assert.h"

namespace writ::guest::wasm {
namespace {

constexpr unsigned low(unsigned reg) { return reg & 7; }
constexpr bool is_high(unsigned reg) { return reg >= 8; }
// spl, bpl, sil and dil are ah, ch, dh and bh without a REX prefix.
constexpr bool is_new_byte(Opcode o, unsigned reg) { return o.byte_register && reg >= 4 && reg < 8; }

constexpr std::uint8_t modrm(unsigned mode, unsigned reg, unsigned rm) { return static_cast<std::uint8_t>(mode << 6 | low(reg) << 3 | low(rm)); }
constexpr unsigned register_mode = 3, far_mode = 2, near_mode = 1, sib_follows = 4, rip_relative = 5;

}  // namespace

void Assembler::half(std::uint32_t v) {
  for (int i = 0; i < 4; ++i) byte(v >> 8 * i & 0xff);
}

void Assembler::word(std::uint64_t v) {
  half(static_cast<std::uint32_t>(v));
  half(static_cast<std::uint32_t>(v >> 32));
}

void Assembler::patch(std::uint32_t at, std::uint32_t value) {
  WRIT_ASSERT(at + 4 <= text_.size());
  for (std::uint32_t i = 0; i < 4; ++i) text_[at + i] = static_cast<std::uint8_t>(value >> 8 * i);
}

void Assembler::opcode(Opcode o, bool reg, bool index, bool base, bool needs_rex) {
  if (o.prefix != 0) byte(o.prefix);
  const unsigned rex = 0x40u | unsigned{o.wide} << 3 | unsigned{reg} << 2 | unsigned{index} << 1 | unsigned{base};
  if (rex != 0x40 || needs_rex) byte(rex);
  if (o.code > 0xffff) byte(o.code >> 16);
  if (o.code > 0xff) byte(o.code >> 8 & 0xff);
  byte(o.code & 0xff);
}

void Assembler::with_register(Opcode o, unsigned reg, unsigned other) {
  opcode(o, is_high(reg), false, is_high(other), is_new_byte(o, reg) || is_new_byte(o, other));
  byte(modrm(register_mode, reg, other));
}

void Assembler::with_place(Opcode o, unsigned reg, Place p) {
  const bool indexed = p.index != rsp;
  opcode(o, is_high(reg), indexed && is_high(p.index), is_high(p.base), is_new_byte(o, reg));
  const bool is_near = p.displacement >= -128 && p.displacement < 128;
  const unsigned mode = is_near ? near_mode : far_mode;
  if (indexed || low(p.base) == rsp) {
    byte(modrm(mode, reg, sib_follows));
    byte(unsigned{p.scale} << 6 | low(p.index) << 3 | low(p.base));
  } else {
    byte(modrm(mode, reg, p.base));
  }
  if (is_near) byte(static_cast<std::uint8_t>(p.displacement));
  else half(static_cast<std::uint32_t>(p.displacement));
}

std::uint32_t Assembler::with_distance(Opcode o, unsigned reg) {
  opcode(o, is_high(reg), false, false, is_new_byte(o, reg));
  byte(modrm(0, reg, rip_relative));
  half(0);
  return position() - 4;
}

void Assembler::distance_to(Label& l) {
  const std::uint32_t at = position();
  half(0);
  if (l.is_bound()) patch(at, static_cast<std::uint32_t>(l.at) - (at + 4));
  else l.jumps.push_back(at);
}

void Assembler::jump(Label& l) {
  byte(0xe9);
  distance_to(l);
}

void Assembler::jump_if(Condition c, Label& l) {
  byte(0x0f);
  byte(0x80u | static_cast<unsigned>(c));
  distance_to(l);
}

void Assembler::bind(Label& l) {
  WRIT_ASSERT(!l.is_bound());
  l.at = position();
  for (const std::uint32_t at : l.jumps) patch(at, position() - (at + 4));
}

std::uint32_t Assembler::call() {
  byte(0xe8);
  half(0);
  return position() - 4;
}

void Assembler::align(std::uint32_t to) {
  while (position() % to != 0) byte(0xcc);
}

}  // namespace writ::guest::wasm
