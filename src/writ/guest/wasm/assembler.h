// Encodes x86-64 instructions into one growing text (Intel SDM volume 2, chapter 2), as far as the baseline translator
// (baseline.h) needs them: an opcode, a register, and a register or a place in memory.
#pragma once

#include <cstdint>
#include <vector>

namespace writ::guest::wasm {

enum Gp : std::uint8_t { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 };
using Xmm = std::uint8_t;  // 0..15

// As they stand in the opcodes of jumps, sets and conditional moves; the lowest bit turns a condition into its opposite.
enum class Condition : std::uint8_t {
  overflow, no_overflow, below, above_or_equal, equal, not_equal, below_or_equal, above, sign, no_sign, parity, no_parity, less,
  greater_or_equal, less_or_equal, greater
};
constexpr Condition opposite(Condition c) { return static_cast<Condition>(static_cast<std::uint8_t>(c) ^ 1); }

// [base + displacement], or [base + index * 2^scale + displacement].
struct Place {
  Gp base = rax;
  std::int32_t displacement = 0;
  Gp index = rsp;  // rsp: none, as in the encoding
  std::uint8_t scale = 0;
};

struct Opcode {
  std::uint32_t code = 0;     // one to three bytes, the first one highest
  std::uint8_t prefix = 0;    // 66, F2 or F3; 0: none
  bool wide = false;          // REX.W
  bool byte_register = false;  // the register (or, of two, both) is 8 bits wide
};

// A place in the text that jumps lead to, known before or after them.
struct Label {
  std::int64_t at = -1;
  std::vector<std::uint32_t> jumps;   // distances to fill in
  std::vector<std::uint32_t> tables;  // entries of jump tables (in the constants) to fill in
  bool is_bound() const { return at >= 0; }
  bool is_used() const { return !jumps.empty() || !tables.empty(); }
};

class Assembler {
 public:
  std::uint32_t position() const { return static_cast<std::uint32_t>(text_.size()); }
  const std::vector<std::uint8_t>& text() const { return text_; }

  void with_register(Opcode, unsigned reg, unsigned other);
  void with_place(Opcode, unsigned reg, Place);
  // [rip + distance], the distance left to be filled in; returns where it stands.
  std::uint32_t with_distance(Opcode, unsigned reg);

  void byte(unsigned b) { text_.push_back(static_cast<std::uint8_t>(b)); }
  void half(std::uint32_t);   // 32 bits
  void word(std::uint64_t);   // 64 bits
  void patch(std::uint32_t at, std::uint32_t value);

  void jump(Label&);
  void jump_if(Condition, Label&);
  void bind(Label&);              // here
  std::uint32_t call();           // a direct one; returns where its distance stands
  void align(std::uint32_t to);   // with one-byte traps, which nothing runs into

 private:
  void opcode(Opcode, bool reg, bool index, bool base, bool needs_rex);
  void distance_to(Label&);

  std::vector<std::uint8_t> text_;
};

}  // namespace writ::guest::wasm
