// Numbers in the baseline translator (core specification 4.3).
#include <utility>

#include "writ/base/assert.h"
#include "writ/guest/wasm/baseline_function.h"
#include "writ/guest/wasm/opcodes.h"

namespace writ::guest::wasm {
namespace {

constexpr Xmm scratch_xmm = 15;
constexpr std::uint8_t single = 0xf3, dual = 0xf2;  // prefixes of scalar instructions
constexpr std::uint8_t scalar(bool is_double) { return is_double ? dual : single; }
constexpr Value float_type(bool is_double) { return is_double ? Value::f64 : Value::f32; }
constexpr Value integer_type(bool wide) { return wide ? Value::i64 : Value::i32; }

using enum Condition;
// In the order of the operators, from eq on.
constexpr std::array<Condition, 10> integer_conditions{equal, not_equal, less, below, greater, above, less_or_equal, below_or_equal,
                                                       greater_or_equal, above_or_equal};
// Indices of the instructions add, or, and, sub, xor, cmp: opcode 8 * index + 3, or /index with a constant.
enum Arithmetic : unsigned { index_add = 0, index_or = 1, index_and = 4, index_sub = 5, index_xor = 6, index_compare = 7 };

}  // namespace

void FunctionTranslator::numeric(std::uint8_t op) {
  if (op == 0x45 || op == 0x50) return is_zero(op == 0x50);
  if (op <= 0x4f) return compare(integer_conditions[op - 0x46u], false);
  if (op <= 0x5a) return compare(integer_conditions[op - 0x51u], true);
  if (op <= 0x60) return compare_floats(op - 0x5bu, false);
  if (op <= 0x66) return compare_floats(op - 0x61u, true);
  if (op <= 0x8a) return integer(op >= 0x79 ? op - 0x79u : op - 0x67u, op >= 0x79);
  if (op <= 0xa6) return floating(op >= 0x99 ? op - 0x99u : op - 0x8bu, op >= 0x99);
  if (op <= 0xbf) return convert(op);
  extend(op);
}

// clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr
void FunctionTranslator::integer(unsigned which, bool wide) {
  switch (which) {
    case 0: case 1: case 2: return count_bits(which, wide);
    case 3: return arithmetic(index_add, true, wide);
    case 4: return arithmetic(index_sub, false, wide);
    case 5: return multiply(wide);
    case 6: case 7: case 8: case 9: return divide(which % 2 == 0, which >= 8, wide);
    case 10: return arithmetic(index_and, true, wide);
    case 11: return arithmetic(index_or, true, wide);
    case 12: return arithmetic(index_xor, true, wide);
    case 13: return shift(4, wide);
    case 14: return shift(7, wide);
    case 15: return shift(5, wide);
    case 16: return shift(0, wide);
    default: return shift(1, wide);
  }
}

// abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign
void FunctionTranslator::floating(unsigned which, bool is_double) {
  switch (which) {
    case 0: case 1: return float_sign(which, is_double);
    case 2: return round(2, is_double);
    case 3: return round(1, is_double);
    case 4: return round(3, is_double);
    case 5: return round(0, is_double);
    case 6: return root(is_double);
    case 7: return float_arithmetic(0x58, is_double);
    case 8: return float_arithmetic(0x5c, is_double);
    case 9: return float_arithmetic(0x59, is_double);
    case 10: return float_arithmetic(0x5e, is_double);
    case 11: case 12: return float_extreme(which == 12, is_double);
    default: return copy_sign(is_double);
  }
}

// ---- integers ----

bool FunctionTranslator::fits_instruction(const Operand& o) const {
  const auto low = static_cast<std::uint32_t>(o.bits);
  return o.kind == Kind::constant && !must_hide(low) &&
         (!is_wide(o.type) || static_cast<std::int64_t>(o.bits) == static_cast<std::int32_t>(low));
}

void FunctionTranslator::constant_behind(Opcode with_byte, Opcode with_half, unsigned index, std::optional<Place> place, Gp r, std::uint64_t bits) {
  const auto value = static_cast<std::int32_t>(static_cast<std::uint32_t>(bits));
  const bool is_byte = value >= -128 && value < 128;
  const Opcode o = is_byte ? with_byte : with_half;
  if (place) a().with_place(o, index, *place);
  else a().with_register(o, index, r);
  if (is_byte) a().byte(static_cast<std::uint8_t>(value));
  else a().half(static_cast<std::uint32_t>(value));
}

void FunctionTranslator::combine(unsigned index, Gp r, const Operand& o, bool wide) {
  const Opcode opcode{8 * index + 3, 0, wide};
  if (fits_instruction(o)) return constant_behind({0x83, 0, wide}, {0x81, 0, wide}, index, std::nullopt, r, o.bits);
  if (const auto place = in_memory(o)) return a().with_place(opcode, r, *place);
  if (o.kind == Kind::gp) return a().with_register(opcode, r, static_cast<unsigned>(o.bits));
  load(r11, o);
  a().with_register(opcode, r, r11);
}

void FunctionTranslator::arithmetic(unsigned index, bool commutes, bool wide) {
  const Value t = integer_type(wide);
  Operand right = pop(t), left = pop(t);
  if (commutes && (left.kind == Kind::constant || (right.kind == Kind::gp && left.kind != Kind::gp))) std::swap(left, right);
  const Gp r = in_gp(left);
  combine(index, r, right, wide);
  release(right);
  push(left);
}

void FunctionTranslator::compare(Condition c, bool wide) {
  const Value t = integer_type(wide);
  const Operand right = pop(t);
  Operand left = pop(t);
  const auto place = in_memory(left);
  if (place && fits_instruction(right)) constant_behind({0x83, 0, wide}, {0x81, 0, wide}, index_compare, place, rax, right.bits);
  else combine(index_compare, in_gp(left), right, wide);
  release(right);
  release(left);
  push({Value::i32, Kind::flags, static_cast<std::uint64_t>(c)});
}

void FunctionTranslator::is_zero(bool wide) {
  Operand o = pop(integer_type(wide));
  if (o.kind == Kind::flags) return push({Value::i32, Kind::flags, static_cast<std::uint64_t>(opposite(static_cast<Condition>(o.bits)))});
  if (const auto place = in_memory(o)) {
    a().with_place({0x83, 0, wide}, index_compare, *place);
    a().byte(0);
  } else {
    const Gp r = in_gp(o);
    a().with_register(test_with(wide), r, r);
  }
  release(o);
  push({Value::i32, Kind::flags, static_cast<std::uint64_t>(equal)});
}

void FunctionTranslator::multiply(bool wide) {
  const Value t = integer_type(wide);
  Operand right = pop(t), left = pop(t);
  if (left.kind == Kind::constant || (right.kind == Kind::gp && left.kind != Kind::gp)) std::swap(left, right);
  const Gp r = in_gp(left);
  const Opcode opcode{0x0faf, 0, wide};
  if (fits_instruction(right)) {
    constant_behind({0x6b, 0, wide}, {0x69, 0, wide}, r, std::nullopt, r, right.bits);
  } else if (const auto place = in_memory(right)) {
    a().with_place(opcode, r, *place);
  } else {
    a().with_register(opcode, r, in_gp(right));
  }
  release(right);
  push(left);
}

void FunctionTranslator::shift(unsigned which, bool wide) {
  const Value t = integer_type(wide);
  Operand count = pop(t), value = pop(t);
  if (count.kind == Kind::constant) {
    const Gp r = in_gp(value);
    a().with_register({0xc1, 0, wide}, which, r);
    a().byte(static_cast<unsigned>(count.bits) & (wide ? 63 : 31));
    return push(value);
  }
  if (count.kind != Kind::gp || count.bits != rcx) {
    take(rcx, &value, &count);
    load(rcx, count);
    release(count);
    count = {t, Kind::gp, rcx};
  }
  const Gp r = in_gp(value);
  a().with_register({0xd3, 0, wide}, which, r);
  release(count);
  push(value);
}

void FunctionTranslator::divide(bool is_signed, bool remainder, bool wide) {
  const Value t = integer_type(wide);
  Operand divisor = pop(t), dividend = pop(t);
  in_gp(divisor);
  in_gp(dividend);
  if (dividend.bits != rax) {
    take(rax, &divisor);
    a().with_register(move_load(wide), rax, static_cast<unsigned>(dividend.bits));
    release(dividend);
    dividend.bits = rax;
  }
  take(rdx, &divisor);
  const auto by = static_cast<unsigned>(divisor.bits);
  a().with_register(test_with(wide), by, by);
  trap_if(equal, trap_division);
  Label done;
  if (is_signed) {
    Label usual;
    a().with_register({0x83, 0, wide}, index_compare, by);
    a().byte(0xff);
    a().jump_if(not_equal, usual);
    if (remainder) {
      a().with_register({0x31}, rdx, rdx);
      a().jump(done);
    } else {
      load_constant(r11, wide ? 1ull << 63 : 1ull << 31, wide);
      a().with_register(compare_with(wide), rax, r11);
      trap_if(equal, trap_overflow);
    }
    a().bind(usual);
    if (wide) a().byte(0x48);
    a().byte(0x99);  // cdq, cqo
  } else {
    a().with_register({0x31}, rdx, rdx);
  }
  a().with_register({0xf7, 0, wide}, is_signed ? 7 : 6, by);
  if (is_signed && remainder) a().bind(done);
  release(divisor);
  const Operand high{t, Kind::gp, rdx};
  release(remainder ? dividend : high);
  push(remainder ? high : dividend);
}

// bsf and bsr say by the flags that there is no bit, and x86-64-v2 has no lzcnt.
void FunctionTranslator::count_bits(unsigned which, bool wide) {
  Operand o = pop(integer_type(wide));
  const Gp r = in_gp(o);
  const unsigned bits = wide ? 64 : 32;
  if (which == 2) {
    a().with_register({0x0fb8, 0xf3, wide}, r, r);
    return push(o);
  }
  const bool leading = which == 0;
  load_constant(r11, leading ? 2 * bits - 1 : bits, false);
  a().with_register({leading ? 0x0fbdu : 0x0fbcu, 0, wide}, r, r);
  a().with_register({0x0f44, 0, wide}, r, r11);
  if (leading) {
    a().with_register({0x83, 0, wide}, index_xor, r);
    a().byte(bits - 1);
  }
  push(o);
}

// ---- floating point: the bits of a NaN that an operation made are left open by the specification ----

void FunctionTranslator::float_arithmetic(unsigned code, bool is_double) {
  const Value t = float_type(is_double);
  Operand right = pop(t), left = pop(t);
  const Xmm x = in_xmm(left);
  const Opcode opcode{0x0f00 | code, scalar(is_double)};
  if (const auto place = in_memory(right)) a().with_place(opcode, x, *place);
  else a().with_register(opcode, x, in_xmm(right));
  release(right);
  push(left);
}

void FunctionTranslator::compare_register(Xmm x, Xmm y, bool is_double) {
  a().with_register({0x0f2e, static_cast<std::uint8_t>(is_double ? 0x66 : 0)}, x, y);
}

// eq ne lt gt le ge. An unordered pair sets carry, zero and parity: above and above-or-equal are false for it.
void FunctionTranslator::compare_floats(unsigned which, bool is_double) {
  const Value t = float_type(is_double);
  Operand right = pop(t), left = pop(t);
  const Xmm x = in_xmm(left), y = in_xmm(right);
  const bool swapped = which == 2 || which == 4;
  compare_register(swapped ? y : x, swapped ? x : y, is_double);
  release(left);
  release(right);
  if (which >= 2) return push({Value::i32, Kind::flags, static_cast<std::uint64_t>(which <= 3 ? above : above_or_equal)});
  const Gp r = free_gp();
  const bool is_equal = which == 0;
  a().with_register({0x0f90u | static_cast<unsigned>(is_equal ? equal : not_equal), 0, false, true}, 0, r);
  a().with_register({0x0f90u | static_cast<unsigned>(is_equal ? no_parity : parity), 0, false, true}, 0, r11);
  a().with_register({is_equal ? 0x20u : 0x08u, 0, false, true}, r11, r);
  a().with_register({0x0fb6, 0, false, true}, r, r);
  push_gp(Value::i32, r);
}

void FunctionTranslator::float_extreme(bool maximum, bool is_double) {
  const Value t = float_type(is_double);
  Operand right = pop(t), left = pop(t);
  const Xmm x = in_xmm(left), y = in_xmm(right);
  Label unordered, different, done;
  compare_register(x, y, is_double);
  a().jump_if(parity, unordered);
  a().jump_if(not_equal, different);
  a().with_register({maximum ? 0x0f54u : 0x0f56u}, x, y);  // of zeros the signs decide
  a().jump(done);
  a().bind(unordered);
  a().with_register({0x0f58, scalar(is_double)}, x, y);  // makes a NaN
  a().jump(done);
  a().bind(different);
  a().with_register({maximum ? 0x0f5fu : 0x0f5du, scalar(is_double)}, x, y);
  a().bind(done);
  release(right);
  push(left);
}

void FunctionTranslator::load_mask(bool is_double, bool of_sign) {
  const std::uint64_t sign = is_double ? 1ull << 63 : 1ull << 31, all = is_double ? ~0ull : UINT32_MAX;
  load_constant(r11, of_sign ? sign : all & ~sign, is_double);
  a().with_register({0x0f6e, 0x66, is_double}, scratch_xmm, r11);
}

void FunctionTranslator::float_sign(unsigned which, bool is_double) {
  Operand o = pop(float_type(is_double));
  const Xmm x = in_xmm(o);
  const bool negates = which == 1;
  load_mask(is_double, negates);
  a().with_register({negates ? 0x0f57u : 0x0f54u}, x, scratch_xmm);
  push(o);
}

void FunctionTranslator::copy_sign(bool is_double) {
  const Value t = float_type(is_double);
  Operand right = pop(t), left = pop(t);
  const Xmm x = in_xmm(left), y = in_xmm(right);
  load_mask(is_double, true);
  a().with_register({0x0f54}, y, scratch_xmm);
  a().with_register({0x0f55}, scratch_xmm, x);
  a().with_register({0x0f56}, scratch_xmm, y);
  a().with_register({0x0f28}, x, scratch_xmm);
  release(right);
  push(left);
}

void FunctionTranslator::round(unsigned mode, bool is_double) {
  Operand o = pop(float_type(is_double));
  const Xmm x = in_xmm(o);
  a().with_register({is_double ? 0x0f3a0bu : 0x0f3a0au, 0x66}, x, x);
  constexpr unsigned quietly = 8;
  a().byte(mode | quietly);
  push(o);
}

void FunctionTranslator::root(bool is_double) {
  Operand o = pop(float_type(is_double));
  const Xmm x = in_xmm(o);
  a().with_register({0x0f51, scalar(is_double)}, x, x);
  push(o);
}

// ---- conversions ----

void FunctionTranslator::extend(std::uint8_t op) {
  constexpr std::array<Opcode, 5> opcodes{{{0x0fbe, 0, false, true}, {0x0fbf}, {0x0fbe, 0, true, true}, {0x0fbf, 0, true}, {0x63, 0, true}}};
  Operand o = pop(op <= 0xc1 ? Value::i32 : Value::i64);
  const Gp r = in_gp(o);
  a().with_register(opcodes[op - 0xc0u], r, r);
  push(o);
}

// The 64-bit conversion gives the most negative number for what has no place, which no 32-bit number is.
void FunctionTranslator::truncate_to_i32(bool is_signed, bool is_double) {
  Operand o = pop(float_type(is_double));
  const Xmm x = in_xmm(o);
  const Gp r = free_gp();
  a().with_register({0x0f2c, scalar(is_double), true}, r, x);
  if (is_signed) a().with_register({0x63, 0, true}, r11, r);
  else a().with_register(move_load(false), r11, r);
  a().with_register(compare_with(true), r11, r);
  Label fits;
  a().jump_if(equal, fits);
  compare_register(x, x, is_double);
  trap_if(parity, trap_conversion);
  a().jump(traps_[trap_overflow]);
  a().bind(fits);
  if (is_signed) a().with_register(move_load(false), r, r);
  release(o);
  push_gp(Value::i32, r);
}

void FunctionTranslator::from_integer(bool is_double, bool wide_source, bool wide_instruction) {
  Operand o = pop(integer_type(wide_source));
  const Gp r = in_gp(o);
  const Xmm x = free_xmm();
  a().with_register({0x0f57}, x, x);  // the instruction keeps the rest, and would wait for it
  a().with_register({0x0f2a, scalar(is_double), wide_instruction}, x, r);
  release(o);
  push_xmm(float_type(is_double), x);
}

void FunctionTranslator::reinterpret(Value from, Value to) {
  Operand o = pop(from);
  if (o.kind == Kind::constant || o.kind == Kind::local || o.kind == Kind::slot) {
    // The same bits, wherever they are.
    o.type = to;
    return push(o);
  }
  if (is_float(to)) in_xmm(o);
  else in_gp(o);
  o.type = to;
  push(o);
}

void FunctionTranslator::convert(std::uint8_t op) {
  const auto by_helper = [&](Helper h, Value from, Value to) { helper(h, std::array{from}, {}, to); };
  switch (op) {
    case 0xa7: case 0xad: {  // wrap, extend unsigned: an i32 has no upper half
      Operand o = pop(op == 0xa7 ? Value::i64 : Value::i32);
      o.type = Value::i32;
      if (o.kind == Kind::constant) o.bits = static_cast<std::uint32_t>(o.bits);
      else if (const Gp r = in_gp(o); op == 0xa7) a().with_register(move_load(false), r, r);
      o.type = op == 0xa7 ? Value::i32 : Value::i64;
      return push(o);
    }
    case 0xa8: case 0xa9: return truncate_to_i32(op == 0xa8, false);
    case 0xaa: case 0xab: return truncate_to_i32(op == 0xaa, true);
    case 0xac: {
      Operand o = pop(Value::i32);
      const Gp r = in_gp(o);
      a().with_register({0x63, 0, true}, r, r);
      return push_gp(Value::i64, r);
    }
    case 0xae: return by_helper(Helper::i64_of_f32, Value::f32, Value::i64);
    case 0xaf: return by_helper(Helper::u64_of_f32, Value::f32, Value::i64);
    case 0xb0: return by_helper(Helper::i64_of_f64, Value::f64, Value::i64);
    case 0xb1: return by_helper(Helper::u64_of_f64, Value::f64, Value::i64);
    case 0xb2: return from_integer(false, false, false);
    case 0xb3: return from_integer(false, false, true);
    case 0xb4: return from_integer(false, true, true);
    case 0xb5: return by_helper(Helper::f32_of_u64, Value::i64, Value::f32);
    case 0xb7: return from_integer(true, false, false);
    case 0xb8: return from_integer(true, false, true);
    case 0xb9: return from_integer(true, true, true);
    case 0xba: return by_helper(Helper::f64_of_u64, Value::i64, Value::f64);
    case 0xb6: case 0xbb: {
      Operand o = pop(float_type(op == 0xb6));
      const Xmm x = in_xmm(o);
      a().with_register({0x0f5a, scalar(op == 0xb6)}, x, x);
      return push_xmm(float_type(op != 0xb6), x);
    }
    case 0xbc: return reinterpret(Value::f32, Value::i32);
    case 0xbd: return reinterpret(Value::f64, Value::i64);
    case 0xbe: return reinterpret(Value::i32, Value::f32);
    case 0xbf: return reinterpret(Value::i64, Value::f64);
    default: std::unreachable();
  }
}

void FunctionTranslator::saturating(std::uint32_t op) {
  constexpr std::array helpers{Helper::i32_of_f32_sat, Helper::u32_of_f32_sat, Helper::i32_of_f64_sat, Helper::u32_of_f64_sat,
                               Helper::i64_of_f32_sat, Helper::u64_of_f32_sat, Helper::i64_of_f64_sat, Helper::u64_of_f64_sat};
  WRIT_ASSERT(op < helpers.size());
  helper(helpers[op], std::array{op % 4 < 2 ? Value::f32 : Value::f64}, {}, op < 4 ? Value::i32 : Value::i64);
}

}  // namespace writ::guest::wasm
