// Control flow and calls of the baseline translator.
#include <fmt/format.h>

#include <algorithm>

#include "writ/guest/wasm/baseline_function.h"
#include "writ/guest/wasm/image/baseline.h"
#include "writ/guest/wasm/opcodes.h"

namespace writ::guest::wasm {
namespace {

constexpr std::size_t frames_max = 1'000'000;

}  // namespace

bool FunctionTranslator::read_block_type(std::span<const Value>& parameters, std::span<const Value>& results) {
  const std::int64_t n = in_.s33();
  if (n >= 0) {
    if (n >= static_cast<std::int64_t>(types_.module.types.size())) return fail("a type that does not exist"), false;
    const Signature& s = types_.module.types[static_cast<std::size_t>(n)];
    parameters = s.parameters;
    results = s.results;
    return true;
  }
  const auto code = static_cast<std::uint8_t>(n & 0x7f);
  if (code == 0x40) return true;
  const auto* v = std::ranges::find(supported_values, code, [](Value x) { return static_cast<std::uint8_t>(x); });
  if (v == supported_values.end()) return fail("a block of unknown type"), false;
  results = std::span(v, 1);
  return true;
}

void FunctionTranslator::check_top(std::span<const Value> types) {
  work_ += types.size();
  if (stack_.size() - frames_.back().height < types.size()) return fail("an operand is missing");
  for (std::size_t i = 0; i < types.size(); ++i)
    if (stack_[stack_.size() - types.size() + i].type != types[i]) return fail("an operand has another type");
}

void FunctionTranslator::begin(Block kind) {
  Frame f{.kind = kind, .parameters = {}, .results = {}, .target = {}, .otherwise = {}};
  if (!read_block_type(f.parameters, f.results)) return;
  std::optional<Condition> c;
  Operand chooser;
  if (kind == Block::if_then) {
    chooser = pop(Value::i32);
    // What is spilled now is only moved: the flags stay.
    if (chooser.kind == Kind::flags) c = condition(chooser);
  }
  check_top(f.parameters);
  if (frames_.size() >= frames_max) fail("blocks too deep");
  if (error_) return;
  spill_all();
  if (kind == Block::if_then) {
    if (!c) c = condition(chooser);
    a().jump_if(opposite(*c), f.otherwise);
  }
  f.height = stack_.size() - f.parameters.size();
  if (kind == Block::loop) a().bind(f.target);
  frames_.push_back(std::move(f));
}

// The operands of a block that begins or ends: all in their slots.
void FunctionTranslator::set_stack(std::size_t height, std::span<const Value> types) {
  work_ += types.size();
  stack_.resize(height);
  first_lazy_ = height;
  gp_used_ = xmm_used_ = 0;
  for (const Value t : types) push({t, Kind::slot, 0});
}

void FunctionTranslator::otherwise() {
  Frame& f = frames_.back();
  if (f.kind != Block::if_then) return fail("an else without its if");
  if (!dead_) {
    check_top(f.results);
    if (stack_.size() != f.height + f.results.size()) return fail("operands are left over");
    spill_all();
    a().jump(f.target);
  }
  f.kind = Block::if_else;
  a().bind(f.otherwise);
  dead_ = false;
  set_stack(f.height, f.parameters);
}

void FunctionTranslator::end() {
  Frame& f = frames_.back();
  if (!dead_) {
    check_top(f.results);
    if (!error_ && stack_.size() != f.height + f.results.size()) fail("operands are left over");
    if (error_) return;
    spill_all();
  }
  const bool falls_through = !dead_;
  if (f.kind == Block::if_then) {
    if (!std::ranges::equal(f.parameters, f.results)) return fail("an if without else changes its operands");
    a().bind(f.otherwise);
    dead_ = false;
  }
  if (f.kind == Block::function) {
    set_stack(f.height, f.results);
    if (falls_through) leave_function();
    frames_.pop_back();
    return;
  }
  if (f.kind != Block::loop) {
    dead_ = dead_ && !f.target.is_used();
    bind(f.target);
  }
  set_stack(f.height, f.results);
  frames_.pop_back();
}

void FunctionTranslator::bind(Label& l) {
  a().bind(l);
  for (const std::uint32_t entry : l.tables) out_.jumps[entry].text = a().position();
}

FunctionTranslator::Frame* FunctionTranslator::frame_at(std::uint32_t depth) {
  if (depth < frames_.size()) return &frames_[frames_.size() - 1 - depth];
  fail("a branch out of its function");
  return nullptr;
}

bool FunctionTranslator::moves_nothing(const Frame& f) const {
  if (f.kind == Block::function) return false;
  const std::size_t count = f.label_types().size(), from = stack_.size() - count;
  if (count == 0) return true;
  return from == f.height && std::all_of(stack_.begin() + static_cast<std::ptrdiff_t>(from), stack_.end(),
                                         [](const Operand& o) { return o.kind == Kind::slot; });
}

void FunctionTranslator::go_to(Frame& f) {
  if (f.kind == Block::function) return leave_function();
  const std::size_t count = f.label_types().size(), from = stack_.size() - count;
  work_ += count;
  // Upwards: no slot is written that is still to be read.
  for (std::size_t i = 0; i < count; ++i)
    if (const Operand& o = stack_[from + i]; o.kind != Kind::slot || from != f.height) store(slot_place(f.height + i), o);
  a().jump(f.target);
}

// Changes nothing of what is known of operands and registers: the way that does not leave goes on with them.
void FunctionTranslator::leave_function() {
  const std::size_t count = signature().results.size(), from = stack_.size() - count;
  if (count == 1) {
    if (is_float(stack_[from].type)) load_xmm(0, stack_[from]);
    else load(rax, stack_[from]);
  } else {
    work_ += count;
    // A result may still be a parameter, which lies where results go.
    for (std::size_t i = from; i < stack_.size(); ++i)
      if (stack_[i].kind != Kind::slot) store(slot_place(i), stack_[i]);
    for (std::size_t i = 0; i < count; ++i) {
      a().with_place(move_load(true), r11, slot_place(from + i));
      a().with_place(move_store(true), r11, at_frame(static_cast<std::int64_t>(i) + 2));
    }
  }
  leave();
}

void FunctionTranslator::branch(std::uint32_t depth) {
  Frame* f = frame_at(depth);
  if (f == nullptr) return;
  check_top(f->label_types());
  if (error_) return;
  go_to(*f);
  dead_ = true;
}

void FunctionTranslator::branch_if(std::uint32_t depth) {
  Operand chooser = pop(Value::i32);
  Frame* f = frame_at(depth);
  if (f == nullptr) return;
  check_top(f->label_types());
  if (error_) return;
  const Condition c = condition(chooser);
  if (moves_nothing(*f)) return a().jump_if(c, f->target);
  Label stays;
  a().jump_if(opposite(c), stays);
  go_to(*f);
  a().bind(stays);
}

void FunctionTranslator::branch_table() {
  const std::uint32_t count = in_.u32();
  Operand index = pop(Value::i32);
  if (count > in_.left()) return fail("a jump table is longer than its function");
  struct Way {
    Label* target;
    Label moves;
  };
  std::map<std::uint32_t, Way> ways;  // by depth
  const auto way_to = [&](std::uint32_t depth) -> Label* {
    const auto [i, is_new] = ways.try_emplace(depth);
    if (!is_new) return i->second.target;
    Frame* f = frame_at(depth);
    if (f == nullptr) return nullptr;
    check_top(f->label_types());
    if (error_) return nullptr;
    return i->second.target = moves_nothing(*f) ? &f->target : &i->second.moves;
  };
  const std::uint32_t table = out_.tables_size;
  out_.tables_size += 4 * count;
  const Gp r = in_gp(index);
  for (std::uint32_t i = 0; i < count && !error_; ++i) {
    Label* target = way_to(in_.u32());
    if (target == nullptr) return;
    if (!target->is_bound()) target->tables.push_back(static_cast<std::uint32_t>(out_.jumps.size()));
    out_.jumps.push_back({table, table + 4 * i, target->is_bound() ? static_cast<std::uint32_t>(target->at) : 0});
  }
  Label* otherwise = way_to(in_.u32());
  if (otherwise == nullptr || error_) return;
  if (must_hide(count)) {
    load_constant(r11, count, false);
    a().with_register(compare_with(false), r, r11);
  } else {
    a().with_register({0x81}, 7, r);
    a().half(count);
  }
  a().jump_if(Condition::above_or_equal, *otherwise);
  out_.distances.push_back({a().with_distance(address_of, r11), Toward::table, table});
  a().with_place({0x63, 0, true}, r, {r11, 0, r, 2});
  a().with_register({0x03, 0, true}, r, r11);
  a().with_register({0xff}, 4, r);
  release(index);
  for (auto& [depth, way] : ways) {
    if (way.target != &way.moves) continue;
    bind(way.moves);
    go_to(*frame_at(depth));
  }
  dead_ = true;
}

Condition FunctionTranslator::condition(Operand& o) {
  if (o.kind == Kind::flags) return static_cast<Condition>(o.bits);
  if (const auto place = in_memory(o)) {
    a().with_place({0x83}, 7, *place);
    a().byte(0);
    return Condition::not_equal;
  }
  const Gp r = in_gp(o);
  a().with_register(test_with(false), r, r);
  release(o);
  return Condition::not_equal;
}

void FunctionTranslator::trap_if(Condition c, unsigned code) { a().jump_if(c, traps_[code]); }

void FunctionTranslator::trap(unsigned code) {
  a().jump(traps_[code]);
  dead_ = true;
}

void FunctionTranslator::arguments(std::span<const Value> types, std::size_t room) {
  work_ += types.size();
  room_ = std::max(room_, room);
  for (std::size_t i = types.size(); i-- > 0 && !error_;) {
    const Operand o = pop(types[i]);
    store(argument_place(i), o);
    release(o);
  }
  spill_registers();
}

void FunctionTranslator::results(std::span<const Value> types) {
  if (types.size() == 1) {
    if (is_float(types[0])) xmm_used_ |= 1, push_xmm(types[0], 0);
    else gp_used_ |= 1u << rax, push_gp(types[0], rax);
    return;
  }
  work_ += types.size();
  for (std::size_t i = 0; i < types.size(); ++i) {
    a().with_place(move_load(true), r11, argument_place(i));
    a().with_place(move_store(true), r11, slot_place(stack_.size()));
    push({types[i], Kind::slot, 0});
  }
}

void FunctionTranslator::call(std::uint32_t function) {
  if (!needs(function, types_.module.function_count(), "a function")) return;
  const Signature& s = types_.module.type_of(function);
  arguments(s.parameters, std::max(s.parameters.size(), s.results.size()));
  out_.distances.push_back({a().call(), Toward::function, function});
  results(s.results);
}

void FunctionTranslator::call_indirect() {
  const std::uint32_t type = in_.u32(), table = in_.u32();
  if (!needs(type, static_cast<std::uint32_t>(types_.module.types.size()), "a type") || !needs_table(table)) return;
  if (types_.module.tables[table].element != Value::funcref) return fail("a call through a table of no functions");
  Operand index = pop(Value::i32);
  const Gp r = in_gp(index);
  const Signature& s = types_.module.types[type];
  arguments(s.parameters, std::max(s.parameters.size(), s.results.size()));
  const std::uint64_t at = BASELINE_WORDS + 8ull * types_.globals.size() + 16ull * table;
  a().with_place(compare_with(false), r, instance_place(at + 12));
  trap_if(Condition::above_or_equal, trap_indirect);
  a().with_place(move_load(true), r11, instance_place(at));
  a().with_place(move_load(true), r11, {r11, 0, r, 3});
  a().with_register(test_with(true), r11, r11);
  trap_if(Condition::equal, trap_indirect);
  load_constant(r, types_.canonical[type], false);
  a().with_place(compare_with(false), r, {r11, 0, rsp, 0});
  trap_if(Condition::not_equal, trap_indirect);
  a().with_place({0x63, 0, true}, r, {r11, 4, rsp, 0});
  a().with_register({0x03, 0, true}, r, r11);
  a().with_register({0xff}, 2, r);
  release(index);
  results(s.results);
}

// ---- what no way leads to is read and not translated ----

void FunctionTranslator::skip_dead_code() {
  std::size_t depth = 0;
  while (!error_ && !in_.failed()) {
    const std::uint8_t op = in_.byte();
    if (op == 0x0b && depth == 0) return end();
    if (op == 0x05 && depth == 0) return otherwise();
    if (op == 0x0b) --depth;
    if (op >= 0x02 && op <= 0x04) ++depth;
    skip_immediates(op);
  }
}

void FunctionTranslator::skip_immediates(std::uint8_t op) {
  switch (op) {
    case 0x02: case 0x03: case 0x04: (void)in_.s33(); return;
    case 0x0c: case 0x0d: case 0x10: case 0x20: case 0x21: case 0x22: case 0x23: case 0x24: case 0x25: case 0x26: case 0xd2: (void)in_.u32(); return;
    case 0x0e:
      for (std::uint64_t n = std::uint64_t{in_.u32()} + 1; n > 0 && !in_.failed(); --n) (void)in_.u32();
      return;
    case 0x11: (void)in_.u32(), (void)in_.u32(); return;
    case 0x1c:
      for (std::uint32_t n = in_.u32(); n > 0 && !in_.failed(); --n) (void)in_.byte();
      return;
    case 0x3f: case 0x40: case 0xd0: (void)in_.byte(); return;
    case 0x41: (void)in_.s32(); return;
    case 0x42: (void)in_.s64(); return;
    case 0x43: (void)in_.fixed32(); return;
    case 0x44: (void)in_.fixed64(); return;
    case 0xfc: {
      const std::uint32_t further = in_.u32();
      const bool two = further == 8 || further == 10 || further == 12 || further == 14;
      if (further >= 8) (void)in_.u32();
      if (two) (void)in_.u32();
      return;
    }
    default: break;
  }
  if (op >= 0x28 && op <= 0x3e) (void)in_.u32(), (void)in_.u32();
  if (op >= 0xd3 || (op > 0x0f && op < 0x1a && op != 0x11 && op != 0x10))
    give_up(Code::unsupported, fmt::format("an operator that is not supported: {:#x}", op));
}

}  // namespace writ::guest::wasm
