// The operand stack of the baseline translator, and the registers that its operands are in.
#include <bit>

#include "writ/base/assert.h"
#include "writ/guest/wasm/baseline_function.h"
#include "writ/guest/wasm/opcodes.h"

namespace writ::guest::wasm {
namespace {

constexpr std::uint32_t gp_pool = 1u << rax | 1u << rcx | 1u << rdx | 1u << rbx | 1u << rsi | 1u << rdi | 1u << r8 | 1u << r9 |
                                  1u << r10 | 1u << r12 | 1u << r13;
constexpr std::uint32_t xmm_pool = 0x3fff;
// Operands that are not in their slots, at most: whoever looks for one of them looks at so many.
constexpr std::size_t lazy_max = 24;

constexpr bool holds_0f(std::uint64_t v, int bytes) {
  for (int i = 0; i < bytes; ++i)
    if ((v >> 8 * i & 0xff) == 0x0f) return true;
  return false;
}

}  // namespace

Place FunctionTranslator::local_place(std::uint64_t local) const {
  const std::size_t parameters = signature().parameters.size();
  return local < parameters ? at_frame(static_cast<std::int64_t>(local) + 2) : at_frame(-2 - static_cast<std::int64_t>(local - parameters));
}

Place FunctionTranslator::slot_place(std::uint64_t slot) const {
  return at_frame(-2 - static_cast<std::int64_t>(locals_.size() - signature().parameters.size() + slot));
}

void FunctionTranslator::push(Operand o) {
  if (o.kind == Kind::slot) o.bits = stack_.size();
  stack_.push_back(o);
  highest_ = std::max(highest_, stack_.size());
  if (o.kind == Kind::slot && first_lazy_ + 1 == stack_.size()) first_lazy_ = stack_.size();
  while (stack_.size() - first_lazy_ > lazy_max) spill(first_lazy_), ++first_lazy_;
}

FunctionTranslator::Operand FunctionTranslator::pop_any() {
  if (stack_.size() <= frames_.back().height) {
    fail("an operand is missing");
    return {};
  }
  const Operand o = stack_.back();
  stack_.pop_back();
  first_lazy_ = std::min(first_lazy_, stack_.size());
  return o;
}

FunctionTranslator::Operand FunctionTranslator::pop(Value type) {
  Operand o = pop_any();
  if (o.type == type) return o;
  fail("an operand has another type");
  release(o);
  return {type, Kind::constant, 0};
}

void FunctionTranslator::settle_flags() {
  if (stack_.empty() || stack_.back().kind != Kind::flags) return;
  const auto c = static_cast<unsigned>(stack_.back().bits);
  stack_.pop_back();
  first_lazy_ = std::min(first_lazy_, stack_.size());
  const Gp r = free_gp();
  a().with_register({0x0f90u | c, 0, false, true}, 0, r);
  a().with_register({0x0fb6, 0, false, true}, r, r);
  push_gp(Value::i32, r);
}

void FunctionTranslator::spill(std::size_t index) {
  Operand& o = stack_[index];
  if (o.kind == Kind::slot) return;
  WRIT_ASSERT(o.kind != Kind::flags);
  store(slot_place(index), o);
  release(o);
  o = {o.type, Kind::slot, index};
}

void FunctionTranslator::spill_registers() {
  for (std::size_t i = first_lazy_; i < stack_.size(); ++i)
    if (stack_[i].kind == Kind::gp || stack_[i].kind == Kind::xmm) spill(i);
}

void FunctionTranslator::spill_all() {
  for (; first_lazy_ < stack_.size(); ++first_lazy_) spill(first_lazy_);
}

void FunctionTranslator::keep_local(std::uint32_t local) {
  for (std::size_t i = first_lazy_; i < stack_.size(); ++i) {
    if (stack_[i].kind != Kind::local || stack_[i].bits != local) continue;
    Operand o = stack_[i];
    if (is_float(o.type)) in_xmm(o);
    else in_gp(o);
    stack_[i] = o;
  }
}

Gp FunctionTranslator::free_gp(unsigned but) {
  std::uint32_t candidates = gp_pool & ~gp_used_ & ~but;
  for (std::size_t i = first_lazy_; candidates == 0 && i < stack_.size(); ++i)
    if (stack_[i].kind == Kind::gp && (1u << stack_[i].bits & but) == 0) {
      spill(i);
      candidates = gp_pool & ~gp_used_ & ~but;
    }
  WRIT_ASSERT(candidates != 0);  // no operator holds so many
  const auto r = static_cast<Gp>(std::countr_zero(candidates));
  gp_used_ |= 1u << r;
  return r;
}

Xmm FunctionTranslator::free_xmm() {
  std::uint32_t candidates = xmm_pool & ~xmm_used_;
  for (std::size_t i = first_lazy_; candidates == 0 && i < stack_.size(); ++i)
    if (stack_[i].kind == Kind::xmm) {
      spill(i);
      candidates = xmm_pool & ~xmm_used_;
    }
  WRIT_ASSERT(candidates != 0);
  const auto x = static_cast<Xmm>(std::countr_zero(candidates));
  xmm_used_ |= 1u << x;
  return x;
}

void FunctionTranslator::take(Gp r, Operand* beside, Operand* beside_too) {
  if ((gp_used_ & 1u << r) != 0) {
    const auto is_here = [r](const Operand& o) { return o.kind == Kind::gp && o.bits == r; };
    Operand* holder = beside != nullptr && is_here(*beside) ? beside : beside_too != nullptr && is_here(*beside_too) ? beside_too : nullptr;
    for (std::size_t i = first_lazy_; holder == nullptr && i < stack_.size(); ++i)
      if (is_here(stack_[i])) holder = &stack_[i];
    WRIT_ASSERT(holder != nullptr);
    const Gp other = free_gp(1u << r);
    a().with_register(move_load(true), other, r);
    holder->bits = other;
  }
  gp_used_ |= 1u << r;
}

void FunctionTranslator::release(const Operand& o) {
  if (o.kind == Kind::gp) gp_used_ &= ~(1u << o.bits);
  if (o.kind == Kind::xmm) xmm_used_ &= ~(1u << o.bits);
}

std::optional<Place> FunctionTranslator::in_memory(const Operand& o) const {
  if (o.kind == Kind::local) return local_place(o.bits);
  if (o.kind == Kind::slot) return slot_place(o.bits);
  return std::nullopt;
}

bool FunctionTranslator::must_hide(std::uint32_t v) const { return constants_ == Constants::hidden && holds_0f(v, 4); }

// No flags are touched: a condition may be waiting for its jump.
void FunctionTranslator::load_constant(Gp r, std::uint64_t v, bool wide) {
  const auto plain = [this](Gp to, std::uint32_t half) {
    if (to >= r8) a().byte(0x41);
    a().byte(0xb8u | (to & 7));
    a().half(half);
  };
  const auto half = [&](Gp to, std::uint32_t value) {
    if (!must_hide(value)) return plain(to, value);
    std::uint32_t part = 0x11111111;
    while (holds_0f(part, 4) || holds_0f(value - part, 4)) part += 0x01010101;
    plain(to, value - part);
    a().with_place({0x8d}, to, {to, static_cast<std::int32_t>(part), rsp, 0});
  };
  if (!wide || v <= UINT32_MAX) return half(r, static_cast<std::uint32_t>(v));
  if (static_cast<std::int64_t>(v) == static_cast<std::int32_t>(v) && !must_hide(static_cast<std::uint32_t>(v))) {
    a().with_register({0xc7, 0, true}, 0, r);
    return a().half(static_cast<std::uint32_t>(v));
  }
  if (constants_ == Constants::hidden && holds_0f(v, 8)) {
    half(r11, static_cast<std::uint32_t>(v));
    a().with_place(move_store(false), r11, at_frame(-1));
    half(r11, static_cast<std::uint32_t>(v >> 32));
    Place upper = at_frame(-1);
    upper.displacement += 4;
    a().with_place(move_store(false), r11, upper);
    return a().with_place(move_load(true), r, at_frame(-1));
  }
  a().byte(r >= r8 ? 0x49 : 0x48);
  a().byte(0xb8u | (r & 7));
  a().word(v);
}

void FunctionTranslator::load(Gp r, const Operand& o) {
  const bool wide = is_wide(o.type);
  switch (o.kind) {
    case Kind::constant: return load_constant(r, o.bits, wide);
    case Kind::local:
    case Kind::slot: return a().with_place(move_load(wide), r, *in_memory(o));
    case Kind::gp:
      if (o.bits != r) a().with_register(move_load(wide), r, static_cast<unsigned>(o.bits));
      return;
    case Kind::xmm: return a().with_register({0x0f7e, 0x66, wide}, static_cast<unsigned>(o.bits), r);
    case Kind::flags: break;
  }
  WRIT_ASSERT(o.kind != Kind::flags);
}

void FunctionTranslator::load_xmm(Xmm x, const Operand& o) {
  const bool wide = is_wide(o.type);
  if (const auto place = in_memory(o)) return a().with_place(float_load(wide), x, *place);
  if (o.kind == Kind::xmm) {
    if (o.bits != x) a().with_register({0x0f28}, x, static_cast<unsigned>(o.bits));
    return;
  }
  if (o.kind == Kind::constant && o.bits == 0) return a().with_register({0x0f57}, x, x);
  load(r11, o);
  a().with_register({0x0f6e, 0x66, wide}, x, r11);
}

Gp FunctionTranslator::in_gp(Operand& o) {
  if (o.kind == Kind::gp) return static_cast<Gp>(o.bits);
  const Gp r = free_gp();
  load(r, o);
  release(o);
  o = {o.type, Kind::gp, r};
  return r;
}

Xmm FunctionTranslator::in_xmm(Operand& o) {
  if (o.kind == Kind::xmm) return static_cast<Xmm>(o.bits);
  const Xmm x = free_xmm();
  load_xmm(x, o);
  release(o);
  o = {o.type, Kind::xmm, x};
  return x;
}

void FunctionTranslator::store(Place p, const Operand& o) {
  if (o.kind == Kind::xmm && is_wide(o.type)) return a().with_place({0x0f11, 0xf2}, static_cast<unsigned>(o.bits), p);
  if (o.kind == Kind::gp) return a().with_place(move_store(true), static_cast<unsigned>(o.bits), p);
  if (o.kind == Kind::constant && o.bits <= INT32_MAX && !must_hide(static_cast<std::uint32_t>(o.bits))) {
    a().with_place({0xc7, 0, true}, 0, p);
    return a().half(static_cast<std::uint32_t>(o.bits));
  }
  load(r11, o);
  a().with_place(move_store(true), r11, p);
}

}  // namespace writ::guest::wasm
