#include "writ/guest/wasm/baseline_function.h"

#include <fmt/format.h>

#include <algorithm>

#include "writ/guest/wasm/image/baseline.h"
#include "writ/guest/wasm/opcodes.h"

namespace writ::guest::wasm {
namespace {

constexpr std::uint32_t locals_max = 50'000;       // of a function; the limit of browsers
constexpr std::size_t frame_words_max = 1u << 24;  // 128 MiB: far less than the guard below a stack (memory/layout.h)
constexpr std::uint32_t text_size_max = 256u << 20;
constexpr std::uint64_t work_max = 4'000'000'000;  // operands looked at; an honest module has a thousandth

}  // namespace

void FunctionTranslator::give_up(Code code, std::string what) {
  if (!error_) error_ = Error{code, std::move(what), fmt::format("byte {:#x}", in_.position()), {}};
}

void FunctionTranslator::fail(std::string_view what) { give_up(Code::invalid, "malformed or invalid WebAssembly: " + std::string(what)); }

Result<void> FunctionTranslator::translate(std::uint32_t function, Cursor body) {
  in_ = body;
  error_.reset();
  signature_ = &types_.module.type_of(function);
  stack_.clear();
  frames_.clear();
  first_lazy_ = highest_ = room_ = 0;
  dead_ = false;
  gp_used_ = xmm_used_ = 0;
  traps_ = {};
  if (read_locals()) {
    frames_.push_back({.kind = Block::function, .parameters = {}, .results = signature().results, .target = {}, .otherwise = {}});
    enter();
    operators();
    trap_exits();
  }
  if (!error_ && (in_.failed() || !in_.done()))
    fail(in_.failed() ? "a function ends in the middle of an operator" : "operators behind the end of a function");
  if (error_) return *error_;
  return {};
}

bool FunctionTranslator::read_locals() {
  locals_ = signature().parameters;
  for (std::uint32_t groups = in_.u32(); groups > 0 && !in_.failed(); --groups) {
    const std::uint32_t count = in_.u32();
    const auto type = supported_value(in_.byte());
    if (count > locals_max || locals_.size() + count > locals_max) {
      give_up(Code::unsupported, fmt::format("a function has more than {} locals", locals_max));
      return false;
    }
    if (!type) fail("a local of unknown type");
    else locals_.insert(locals_.end(), count, *type);
  }
  return !error_ && !in_.failed();
}

void FunctionTranslator::enter() {
  a().byte(0x50u | rbp);
  a().with_register(move_store(true), rsp, rbp);
  a().with_register({0x81, 0, true}, 5, rsp);
  frame_size_at_ = a().position();
  a().half(0);
  const std::size_t parameters = signature().parameters.size(), count = locals_.size() - parameters;
  constexpr std::size_t few = 24;
  if (count > few) {
    a().with_place(address_of, rdi, local_place(locals_.size() - 1));
    a().with_register({0x31}, rax, rax);
    load_constant(rcx, count, false);
    for (const unsigned b : {0xf3u, 0x48u, 0xabu}) a().byte(b);  // rep stosq
    return;
  }
  if (count > 0) a().with_register({0x0f57}, 15, 15);
  for (std::size_t i = 0; i + 1 < count; i += 2) a().with_place({0x0f11}, 15, local_place(parameters + i + 1));
  if (count % 2 == 1) a().with_place({0x0f13, 0x66}, 15, local_place(parameters + count - 1));
}

void FunctionTranslator::leave() {
  a().byte(0xc9);
  a().byte(0xc3);
}

void FunctionTranslator::trap_exits() {
  for (unsigned code = 0; code < traps_.size(); ++code) {
    if (!traps_[code].is_used()) continue;
    a().bind(traps_[code]);
    load_constant(rdi, code, false);
    helper_call(Helper::trap);
    a().byte(0x0f);
    a().byte(0x0b);
  }
  const std::size_t words = 1 + locals_.size() - signature().parameters.size() + highest_ + room_;
  if (words > frame_words_max)
    give_up(Code::unsupported, "a function keeps too much on its stack");
  a().patch(frame_size_at_, static_cast<std::uint32_t>((words + 1) / 2 * 16));
}

void FunctionTranslator::operators() {
  while (!error_ && !in_.failed() && !frames_.empty()) {
    if (a().position() > text_size_max || work_ > work_max)
      give_up(Code::exhausted, "translating the module takes too much");
    if (dead_) skip_dead_code();
    else operate(in_.byte());
  }
}

void FunctionTranslator::operate(std::uint8_t op) {
  const bool takes_flags = op == 0x04 || op == 0x0d || op == 0x1b || op == 0x45;
  if (!takes_flags) settle_flags();
  switch (op) {
    case 0x00: return trap(trap_unreachable);
    case 0x01: return;
    case 0x02: return begin(Block::block);
    case 0x03: return begin(Block::loop);
    case 0x04: return begin(Block::if_then);
    case 0x05: return otherwise();
    case 0x0b: return end();
    case 0x0c: return branch(in_.u32());
    case 0x0d: return branch_if(in_.u32());
    case 0x0e: return branch_table();
    case 0x0f: return branch(static_cast<std::uint32_t>(frames_.size() - 1));
    case 0x10: return call(in_.u32());
    case 0x11: return call_indirect();
    case 0x1a: return release(pop_any());
    case 0x1b: return select(std::nullopt);
    case 0x1c: {
      const std::uint32_t count = in_.u32();
      const auto type = supported_value(in_.byte());
      if (count != 1 || !type) return fail("a select of other than one known type");
      return select(type);
    }
    case 0x20: return local_get(in_.u32());
    case 0x21: return local_set(in_.u32(), false);
    case 0x22: return local_set(in_.u32(), true);
    case 0x23: return global_get(in_.u32());
    case 0x24: return global_set(in_.u32());
    case 0x25: case 0x26: case 0xd0: case 0xd1: case 0xd2: return reference_operator(op);
    case 0x41: return push({Value::i32, Kind::constant, static_cast<std::uint32_t>(in_.s32())});
    case 0x42: return push({Value::i64, Kind::constant, static_cast<std::uint64_t>(in_.s64())});
    case 0x43: return push({Value::f32, Kind::constant, in_.fixed32()});
    case 0x44: return push({Value::f64, Kind::constant, in_.fixed64()});
    case 0xfc: {
      const std::uint32_t further = in_.u32();
      return further < 8 ? saturating(further) : bulk_operator(further);
    }
    default: break;
  }
  if (op >= 0x28 && op <= 0x40) return memory_operator(op);
  if (op >= 0x45 && op <= 0xc4) return numeric(op);
  give_up(Code::unsupported, fmt::format("an operator that is not supported: {:#x}", op));
}

void FunctionTranslator::local_get(std::uint32_t local) {
  if (local >= locals_.size()) return fail("a local that does not exist");
  push({locals_[local], Kind::local, local});
}

void FunctionTranslator::local_set(std::uint32_t local, bool keeps) {
  if (local >= locals_.size()) return fail("a local that does not exist");
  const Operand o = pop(locals_[local]);
  if (o.kind != Kind::local || o.bits != local) {
    keep_local(local);
    store(local_place(local), o);
  }
  if (!keeps) return release(o);
  if (o.kind != Kind::slot) return push(o);
  push({o.type, Kind::local, local});
}

void FunctionTranslator::global_get(std::uint32_t global) {
  if (!needs(global, static_cast<std::uint32_t>(types_.globals.size()), "a global")) return;
  const Value t = types_.globals[global].type;
  const Place p = instance_place(BASELINE_WORDS + 8ull * global);
  if (is_float(t)) {
    const Xmm x = free_xmm();
    a().with_place(float_load(is_wide(t)), x, p);
    return push_xmm(t, x);
  }
  const Gp r = free_gp();
  a().with_place(move_load(is_wide(t)), r, p);
  push_gp(t, r);
}

void FunctionTranslator::global_set(std::uint32_t global) {
  if (!needs(global, static_cast<std::uint32_t>(types_.globals.size()), "a global")) return;
  if (!types_.globals[global].is_mutable) return fail("a global that never changes is set");
  const Operand o = pop(types_.globals[global].type);
  store(instance_place(BASELINE_WORDS + 8ull * global), o);
  release(o);
}

void FunctionTranslator::select(std::optional<Value> type) {
  Operand chooser = pop(Value::i32);
  Operand other = type ? pop(*type) : pop_any();
  Operand one = pop(other.type);
  if (!type && !is_number(one.type)) return fail("a select of references without their type");
  const Condition c = condition(chooser);
  if (is_float(one.type)) {
    const Xmm x = in_xmm(one), y = in_xmm(other);
    Label chosen;
    a().jump_if(c, chosen);
    a().with_register({0x0f28}, x, y);
    a().bind(chosen);
  } else {
    const Opcode move_if{0x0f40u | static_cast<unsigned>(opposite(c)), 0, is_wide(one.type)};
    const Gp r = in_gp(one);
    if (const auto place = in_memory(other)) a().with_place(move_if, r, *place);
    else a().with_register(move_if, r, in_gp(other));
  }
  release(other);
  push(one);
}

}  // namespace writ::guest::wasm
