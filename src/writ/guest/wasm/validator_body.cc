#include "writ/guest/wasm/validator_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace writ::guest::wasm {
namespace {

constexpr Value unknown{};                         // of an operand that no way leads to
constexpr std::size_t frames_max = 1'000'000;
constexpr std::uint64_t work_max = 1'000'000'000;  // an honest module has a hundredth

using enum Value;

// Operators that take operands of one type and give one value (5.4.7).
struct Numeric {
  Value from = unknown;
  std::uint8_t count = 0;
  Value to = unknown;
};
constexpr std::uint8_t first_numeric = 0x45, last_numeric = 0xc4;
constexpr auto numerics = [] {
  std::array<Numeric, last_numeric - first_numeric + 1> all{};
  std::size_t next = 0;
  const auto add = [&](std::size_t how_many, Numeric n) {
    for (; how_many > 0; --how_many) all[next++] = n;
  };
  add(1, {i32, 1, i32}), add(10, {i32, 2, i32});     // eqz, comparisons
  add(1, {i64, 1, i32}), add(10, {i64, 2, i32});
  add(6, {f32, 2, i32}), add(6, {f64, 2, i32});
  add(3, {i32, 1, i32}), add(15, {i32, 2, i32});     // bits, arithmetic
  add(3, {i64, 1, i64}), add(15, {i64, 2, i64});
  add(7, {f32, 1, f32}), add(7, {f32, 2, f32});
  add(7, {f64, 1, f64}), add(7, {f64, 2, f64});
  add(1, {i64, 1, i32}), add(2, {f32, 1, i32}), add(2, {f64, 1, i32});  // wrap, trunc
  add(2, {i32, 1, i64}), add(2, {f32, 1, i64}), add(2, {f64, 1, i64});  // extend, trunc
  add(2, {i32, 1, f32}), add(2, {i64, 1, f32}), add(1, {f64, 1, f32});  // convert, demote
  add(2, {i32, 1, f64}), add(2, {i64, 1, f64}), add(1, {f32, 1, f64});  // convert, promote
  add(1, {f32, 1, i32}), add(1, {f64, 1, i64}), add(1, {i32, 1, f32}), add(1, {i64, 1, f64});  // reinterpret
  add(2, {i32, 1, i32}), add(3, {i64, 1, i64});      // extend within
  return next == all.size() ? all : throw "an operator is missing";
}();

// Loads, then stores, with the power of two that their alignment is at most (5.4.6).
struct Access {
  Value type;
  std::uint8_t alignment;
};
constexpr std::uint8_t first_access = 0x28, first_store = 0x36;
constexpr std::array<Access, 23> accesses{{{i32, 2}, {i64, 3}, {f32, 2}, {f64, 3}, {i32, 0}, {i32, 0}, {i32, 1}, {i32, 1},
                                           {i64, 0}, {i64, 0}, {i64, 1}, {i64, 1}, {i64, 2}, {i64, 2},
                                           {i32, 2}, {i64, 3}, {f32, 2}, {f64, 3}, {i32, 0}, {i32, 1}, {i64, 0}, {i64, 1}, {i64, 2}}};

}  // namespace

void BodyValidator::fail(std::string_view what) {
  if (!error_) error_ = invalid(fmt::format("malformed or invalid WebAssembly: {}", what), fmt::format("byte {:#x}", in_.position()));
}

Result<void> BodyValidator::check(std::uint32_t function, Cursor body) {
  in_ = body;
  const Signature& s = context_.module.type_of(function);
  locals_.clear();
  for (const Value p : s.parameters) locals_.push_back({locals_.size() + 1, p});
  stack_.clear();
  frames_.assign(1, {.kind = Kind::function, .parameters = {}, .results = s.results});
  read_locals();
  while (!error_ && !in_.failed() && !frames_.empty()) {
    operate(in_.byte());
    if (work_ > work_max || frames_.size() > frames_max)
      return Error{Code::exhausted, "checking the module takes too much", fmt::format("byte {:#x}", in_.position()),
                   "the module is too large or too deeply nested; split it"};
  }
  if (in_.failed()) fail("a function ends in the middle of an operator, or a number is too long");
  if (!in_.done()) fail("operators behind the end of a function");
  if (error_) return *error_;
  return {};
}

void BodyValidator::read_locals() {
  for (std::uint32_t groups = in_.u32(); groups > 0 && !in_.failed() && !error_; --groups) {
    const std::uint64_t end = (locals_.empty() ? 0 : locals_.back().end) + in_.u32();
    const auto type = supported_value(in_.byte());
    if (!type) return fail("a local of unknown type");
    if (end > UINT32_MAX) return fail("too many locals");
    locals_.push_back({end, *type});
  }
}

// ---- operands ----

void BodyValidator::push(std::span<const Value> values) {
  work_ += values.size();
  stack_.insert(stack_.end(), values.begin(), values.end());
}

Value BodyValidator::pop() {
  const Frame& f = frames_.back();
  if (stack_.size() == f.height) {
    if (!f.dead) fail("an operand is missing");
    return unknown;
  }
  const Value v = stack_.back();
  stack_.pop_back();
  return v;
}

void BodyValidator::pop(Value wanted) {
  const Value v = pop();
  if (v != wanted && v != unknown) fail("an operand has another type");
}

void BodyValidator::pop(std::span<const Value> wanted) {
  work_ += wanted.size();
  for (std::size_t i = wanted.size(); i-- > 0 && !error_;) pop(wanted[i]);
}

void BodyValidator::check_top(std::span<const Value> wanted) {
  work_ += wanted.size();
  const std::size_t here = stack_.size() - frames_.back().height, compared = std::min(here, wanted.size());
  if (compared < wanted.size() && !frames_.back().dead) return fail("an operand is missing");
  for (std::size_t i = 1; i <= compared; ++i)
    if (const Value v = stack_[stack_.size() - i]; v != unknown && v != wanted[wanted.size() - i]) return fail("an operand has another type");
}

void BodyValidator::apply(std::initializer_list<Value> from, std::optional<Value> to) {
  pop(std::span(from));
  if (to) push(*to);
}

bool BodyValidator::exists(std::uint64_t index, std::uint64_t count, std::string_view what) {
  if (index >= count) fail(fmt::format("{} that does not exist", what));
  return index < count;
}

bool BodyValidator::memory_exists() { return exists(0, context_.module.has_memory ? 1 : 0, "a memory"); }

void BodyValidator::zero_byte() {
  if (in_.byte() != 0) fail("a memory that does not exist");
}

std::optional<Value> BodyValidator::local() {
  const std::uint32_t index = in_.u32();
  if (!exists(index, locals_.empty() ? 0 : locals_.back().end, "a local")) return std::nullopt;
  return std::ranges::upper_bound(locals_, index, {}, &Run::end)->type;
}

std::optional<Value> BodyValidator::table() {
  const std::uint32_t index = in_.u32();
  if (!exists(index, context_.module.tables.size(), "a table")) return std::nullopt;
  return context_.module.tables[index].element;
}

// ---- control ----

void BodyValidator::begin(Kind kind) {
  Frame f{.kind = kind, .parameters = {}, .results = {}};
  if (kind == Kind::if_then) pop(i32);
  const std::size_t at = in_.position();
  const std::int64_t n = in_.s33();
  if (n < 0 && in_.position() - at != 1) return fail("a block of unknown type");
  if (n >= 0) {
    if (!exists(static_cast<std::uint64_t>(n), context_.module.types.size(), "a type")) return;
    const Signature& s = context_.module.types[static_cast<std::size_t>(n)];
    f.parameters = s.parameters;
    f.results = s.results;
  } else if (n != -64) {  // 0x40: neither takes nor gives
    const auto* v = std::ranges::find_if(supported_values, [n](Value x) { return static_cast<std::int64_t>(x) - 0x80 == n; });
    if (v == supported_values.end()) return fail("a block of unknown type");
    f.results = std::span(v, 1);
  }
  pop(f.parameters);
  f.height = stack_.size();
  frames_.push_back(f);
  push(f.parameters);
}

void BodyValidator::otherwise() {
  Frame& f = frames_.back();
  if (f.kind != Kind::if_then) return fail("an else without its if");
  pop(f.results);
  if (stack_.size() != f.height) return fail("operands are left over");
  f.kind = Kind::if_else;
  f.dead = false;
  push(f.parameters);
}

void BodyValidator::end() {
  const Frame f = frames_.back();
  pop(f.results);
  if (stack_.size() != f.height) return fail("operands are left over");
  if (f.kind == Kind::if_then && !std::ranges::equal(f.parameters, f.results)) return fail("an if without else changes its operands");
  frames_.pop_back();
  push(f.results);
}

void BodyValidator::die() {
  stack_.resize(frames_.back().height);
  frames_.back().dead = true;
}

const BodyValidator::Frame* BodyValidator::label() {
  const std::uint32_t depth = in_.u32();
  return exists(depth, frames_.size(), "a label") ? &frames_[frames_.size() - 1 - depth] : nullptr;
}

void BodyValidator::branch_table() {
  pop(i32);
  std::optional<std::size_t> arity;
  const Frame* before = nullptr;
  for (std::uint64_t n = std::uint64_t{in_.u32()} + 1; n > 0 && !in_.failed() && !error_; --n) {
    const Frame* f = label();
    if (f == nullptr || f == before) continue;
    before = f;
    if (arity.value_or(f->label_types().size()) != f->label_types().size()) return fail("a jump table to labels that take differently much");
    arity = f->label_types().size();
    check_top(f->label_types());
  }
  die();
}

void BodyValidator::select() {
  pop(i32);
  const Value other = pop(), one = pop();
  const auto fits = [](Value v) { return v == unknown || is_number(v); };
  if (!fits(one) || !fits(other)) return fail("a select of references without their type");
  if (one != other && one != unknown && other != unknown) return fail("a select of different types");
  push(one == unknown ? other : one);
}

void BodyValidator::call(const Signature& s) {
  pop(s.parameters);
  push(s.results);
}

// ---- operators (5.4) ----

void BodyValidator::operate(std::uint8_t op) {
  switch (op) {
    case 0x00: return die();
    case 0x01: return;
    case 0x02: return begin(Kind::block);
    case 0x03: return begin(Kind::loop);
    case 0x04: return begin(Kind::if_then);
    case 0x05: return otherwise();
    case 0x0b: return end();
    case 0x0c:
      if (const Frame* f = label()) pop(f->label_types());
      return die();
    case 0x0d:
      pop(i32);
      if (const Frame* f = label()) pop(f->label_types()), push(f->label_types());
      return;
    case 0x0e: return branch_table();
    case 0x0f: return pop(frames_.front().results), die();
    case 0x10:
      if (const std::uint32_t f = in_.u32(); exists(f, context_.module.function_count(), "a function")) call(context_.module.type_of(f));
      return;
    case 0x11: {
      const std::uint32_t type = in_.u32();
      const auto element = table();
      if (element && *element != funcref) return fail("a call through a table of no functions");
      pop(i32);
      if (exists(type, context_.module.types.size(), "a type")) call(context_.module.types[type]);
      return;
    }
    case 0x1a: return void(pop());
    case 0x1b: return select();
    case 0x1c: {
      const std::uint32_t count = in_.u32();
      const auto type = supported_value(in_.byte());
      if (count != 1 || !type) return fail("a select of other than one known type");
      return apply({*type, *type, i32}, *type);
    }
    case 0x20:
      if (const auto type = local()) push(*type);
      return;
    case 0x21:
      if (const auto type = local()) pop(*type);
      return;
    case 0x22:
      if (const auto type = local()) apply({*type}, *type);
      return;
    case 0x23: case 0x24: {
      const std::uint32_t index = in_.u32();
      if (!exists(index, context_.globals.size(), "a global")) return;
      const auto& global = context_.globals[index];
      if (op == 0x23) return push(global.type);
      return global.is_mutable ? pop(global.type) : fail("a global that never changes is set");
    }
    case 0x25: case 0x26: case 0xd0: case 0xd1: case 0xd2: return reference_operator(op);
    case 0x3f: case 0x40:
      zero_byte();
      if (!memory_exists()) return;
      return op == 0x3f ? push(i32) : apply({i32}, i32);
    case 0x41: return (void)in_.s32(), push(i32);
    case 0x42: return (void)in_.s64(), push(i64);
    case 0x43: return (void)in_.fixed32(), push(f32);
    case 0x44: return (void)in_.fixed64(), push(f64);
    case 0xfc: return further_operator(in_.u32());
    default: break;
  }
  if (op >= first_access && op < first_access + accesses.size()) return memory_access(op);
  if (op < first_numeric || op > last_numeric) return fail(fmt::format("an operator that is not supported: {:#x}", op));
  const Numeric& n = numerics[op - first_numeric];
  if (n.count == 2) pop(n.from);
  pop(n.from);
  push(n.to);
}

void BodyValidator::memory_access(std::uint8_t op) {
  const Access& access = accesses[op - first_access];
  const std::uint32_t alignment = in_.u32();
  (void)in_.u32();
  if (!memory_exists()) return;
  if (alignment > access.alignment) return fail("an alignment that is larger than what is read or written");
  if (op >= first_store) return apply({i32, access.type}, std::nullopt);
  apply({i32}, access.type);
}

void BodyValidator::reference_operator(std::uint8_t op) {
  switch (op) {
    case 0x25:
      if (const auto type = table()) apply({i32}, *type);
      return;
    case 0x26:
      if (const auto type = table()) apply({i32, *type}, std::nullopt);
      return;
    case 0xd0: {
      const auto type = supported_value(in_.byte());
      return type && !is_number(*type) ? push(*type) : fail("a null of unknown type");
    }
    case 0xd1:
      if (const Value v = pop(); v != unknown && is_number(v)) return fail("a number is asked whether it is null");
      return push(i32);
    default: {
      const std::uint32_t f = in_.u32();
      if (!exists(f, context_.module.function_count(), "a function")) return;
      return context_.referenced[f] ? push(funcref) : fail("a reference to a function that is not declared to have some");
    }
  }
}

// Behind 0xfc: conversions that saturate, and what works on many (5.4.5, 5.4.6, 5.4.7).
void BodyValidator::further_operator(std::uint32_t op) {
  const auto element_segment = [this]() -> std::optional<Value> {
    const std::uint32_t index = in_.u32();
    if (!exists(index, context_.elements.size(), "an element segment")) return std::nullopt;
    return context_.elements[index];
  };
  switch (op) {
    case 0: case 1: return apply({f32}, i32);
    case 2: case 3: return apply({f64}, i32);
    case 4: case 5: return apply({f32}, i64);
    case 6: case 7: return apply({f64}, i64);
    case 8: case 9: {
      const std::uint32_t segment = in_.u32();
      if (!context_.data_count) return fail("a data segment is named and their number is not said before");
      if (!exists(segment, *context_.data_count, "a data segment") || op == 9) return;
      zero_byte();
      if (memory_exists()) apply({i32, i32, i32}, std::nullopt);
      return;
    }
    case 10: case 11:
      zero_byte();
      if (op == 10) zero_byte();
      if (memory_exists()) apply({i32, i32, i32}, std::nullopt);
      return;
    case 12: {
      const auto segment = element_segment(), type = table();
      if (segment != type) return fail("a table and an element segment of different types");
      return apply({i32, i32, i32}, std::nullopt);
    }
    case 13: return void(element_segment());
    case 14: {
      const auto to = table(), from = table();
      if (to != from) return fail("a copy between tables of different types");
      return apply({i32, i32, i32}, std::nullopt);
    }
    case 15:
      if (const auto type = table()) apply({*type, i32}, i32);
      return;
    case 16:
      if (table()) push(i32);
      return;
    case 17:
      if (const auto type = table()) apply({i32, *type, i32}, std::nullopt);
      return;
    default: return fail(fmt::format("an operator that is not supported: 0xfc {:#x}", op));
  }
}

}  // namespace writ::guest::wasm
