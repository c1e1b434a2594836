// Memory, tables and references in the baseline translator; and how it calls the runtime.
#include <fmt/format.h>

#include "writ/guest/wasm/baseline_function.h"
#include "writ/guest/wasm/image/baseline.h"
#include "writ/guest/wasm/opcodes.h"

namespace writ::guest::wasm {
namespace {

struct Access {
  Value type;
  Opcode opcode;
  std::uint8_t size;
};

// In the order of their operators, from 0x28 on.
constexpr std::array<Access, 14> loads{{
    {Value::i32, {0x8b}, 4}, {Value::i64, {0x8b, 0, true}, 8}, {Value::f32, {0x0f10, 0xf3}, 4}, {Value::f64, {0x0f10, 0xf2}, 8},
    {Value::i32, {0x0fbe}, 1}, {Value::i32, {0x0fb6}, 1}, {Value::i32, {0x0fbf}, 2}, {Value::i32, {0x0fb7}, 2},
    {Value::i64, {0x0fbe, 0, true}, 1}, {Value::i64, {0x0fb6}, 1}, {Value::i64, {0x0fbf, 0, true}, 2}, {Value::i64, {0x0fb7}, 2},
    {Value::i64, {0x63, 0, true}, 4}, {Value::i64, {0x8b}, 4},
}};
constexpr std::array<Access, 9> stores{{
    {Value::i32, {0x89}, 4}, {Value::i64, {0x89, 0, true}, 8}, {Value::f32, {0x0f11, 0xf3}, 4}, {Value::f64, {0x0f11, 0xf2}, 8},
    {Value::i32, {0x88, 0, false, true}, 1}, {Value::i32, {0x89, 0x66}, 2}, {Value::i64, {0x88, 0, false, true}, 1}, {Value::i64, {0x89, 0x66}, 2},
    {Value::i64, {0x89}, 4},
}};
constexpr std::uint8_t first_load = 0x28, first_store = 0x36, memory_size = 0x3f;

}  // namespace

bool FunctionTranslator::needs(std::uint32_t index, std::uint32_t count, std::string_view what) {
  if (index < count) return true;
  fail(fmt::format("{} that does not exist", what));
  return false;
}

bool FunctionTranslator::needs_memory() { return needs(0, types_.module.has_memory ? 1 : 0, "a memory"); }
bool FunctionTranslator::needs_table(std::uint32_t t) { return needs(t, static_cast<std::uint32_t>(types_.module.tables.size()), "a table"); }

// The upper half of an address is zero, so it and its offset make 33 bits: memory ends, or its guard does, before that.
Place FunctionTranslator::address(Operand& o, std::uint32_t offset) {
  if (o.kind == Kind::constant) {
    const std::uint64_t sum = std::uint64_t{static_cast<std::uint32_t>(o.bits)} + offset;
    if (sum <= INT32_MAX && !must_hide(static_cast<std::uint32_t>(sum))) return {r14, static_cast<std::int32_t>(sum), rsp, 0};
    load_constant(r11, sum, true);
    return {r14, 0, r11, 0};
  }
  const Gp r = in_gp(o);
  if (offset <= INT32_MAX && !must_hide(offset)) return {r14, static_cast<std::int32_t>(offset), r, 0};
  load_constant(r11, offset, false);
  a().with_register({0x03, 0, true}, r11, r);
  return {r14, 0, r11, 0};
}

void FunctionTranslator::memory_operator(std::uint8_t op) {
  if (!needs_memory()) return;
  if (op == memory_size || op == memory_size + 1) {
    if (in_.byte() != 0) return fail("a memory that does not exist");
    if (op != memory_size) return helper(Helper::memory_grow, std::array{Value::i32}, {}, Value::i32);
    const Gp r = free_gp();
    a().with_place(move_load(false), r, instance_place(BASELINE_MEMORY_PAGES));
    return push_gp(Value::i32, r);
  }
  const std::uint32_t alignment = in_.u32(), offset = in_.u32();
  if (op < first_store) {
    const Access& load = loads[op - first_load];
    if (alignment > 3) return fail("an alignment that is too large");
    Operand from = pop(Value::i32);
    const Place place = address(from, offset);
    if (is_float(load.type)) {
      const Xmm x = free_xmm();
      a().with_place(load.opcode, x, place);
      release(from);
      return push_xmm(load.type, x);
    }
    const Gp r = from.kind == Kind::gp ? static_cast<Gp>(from.bits) : free_gp();
    a().with_place(load.opcode, r, place);
    return push_gp(load.type, r);
  }
  const Access& store = stores[op - first_store];
  if (alignment > 3) return fail("an alignment that is too large");
  Operand value = pop(store.type);
  Operand to = pop(Value::i32);
  const auto low = static_cast<std::uint32_t>(value.bits);
  const bool is_small = value.kind == Kind::constant && store.size >= 4 && !is_float(store.type) && !must_hide(low) &&
                        (store.size == 4 || static_cast<std::int64_t>(value.bits) == static_cast<std::int32_t>(low));
  if (is_small) {
    a().with_place({0xc7, 0, store.size == 8}, 0, address(to, offset));
    a().half(low);
  } else {
    const unsigned from = is_float(store.type) ? unsigned{in_xmm(value)} : unsigned{in_gp(value)};
    a().with_place(store.opcode, from, address(to, offset));
  }
  release(value);
  release(to);
}

void FunctionTranslator::helper_call(Helper h) { out_.distances.push_back({a().call(), Toward::helper, static_cast<std::uint32_t>(h)}); }

void FunctionTranslator::helper(Helper h, std::span<const Value> parameters, std::initializer_list<std::uint32_t> more,
                                std::optional<Value> result) {
  arguments(parameters, parameters.size() + more.size());
  std::size_t i = parameters.size();
  for (const std::uint32_t m : more) store(argument_place(i++), {Value::i32, Kind::constant, m});
  a().with_register(move_store(true), rsp, rdi);
  helper_call(h);
  if (!result) return;
  if (is_float(*result)) {
    a().with_register({0x0f6e, 0x66, is_wide(*result)}, 0, rax);
  }
  results(std::span(&*result, 1));
}

void FunctionTranslator::bulk_operator(std::uint32_t op) {
  constexpr std::array three{Value::i32, Value::i32, Value::i32};
  const Module& m = types_.module;
  if (op == 8 || op == 9) {
    const std::uint32_t segment = in_.u32();
    if (!needs(segment, m.data_segments, "a data segment")) return;
    if (op == 9) return helper(Helper::data_drop, {}, {segment}, std::nullopt);
    if (in_.byte() != 0 || !needs_memory()) return fail("a memory that does not exist");
    return helper(Helper::memory_init, three, {segment}, std::nullopt);
  }
  if (op == 10 || op == 11) {
    if (in_.byte() != 0 || (op == 10 && in_.byte() != 0) || !needs_memory()) return fail("a memory that does not exist");
    return helper(op == 10 ? Helper::memory_copy : Helper::memory_fill, three, {}, std::nullopt);
  }
  if (op == 12 || op == 13) {
    const std::uint32_t segment = in_.u32();
    if (!needs(segment, m.element_segments, "an element segment")) return;
    if (op == 13) return helper(Helper::element_drop, {}, {segment}, std::nullopt);
    const std::uint32_t table = in_.u32();
    if (needs_table(table)) helper(Helper::table_init, three, {table, segment}, std::nullopt);
    return;
  }
  if (op > 17) {
    give_up(Code::unsupported, fmt::format("an operator that is not supported: 0xfc {:#x}", op));
    return;
  }
  const std::uint32_t table = in_.u32();
  if (!needs_table(table)) return;
  const Value element = m.tables[table].element;
  if (op == 14) {
    const std::uint32_t from = in_.u32();
    if (!needs_table(from)) return;
    if (m.tables[from].element != element) return fail("a copy between tables of different types");
    return helper(Helper::table_copy, three, {table, from}, std::nullopt);
  }
  if (op == 15) return helper(Helper::table_grow, std::array{element, Value::i32}, {table}, Value::i32);
  if (op == 16) return helper(Helper::table_size, {}, {table}, Value::i32);
  helper(Helper::table_fill, std::array{Value::i32, element, Value::i32}, {table}, std::nullopt);
}

void FunctionTranslator::reference_operator(std::uint8_t op) {
  if (op == 0xd0) {
    const std::uint8_t type = in_.byte();
    if (type != static_cast<std::uint8_t>(Value::funcref) && type != static_cast<std::uint8_t>(Value::externref))
      return fail("a null of unknown type");
    return push({static_cast<Value>(type), Kind::constant, 0});
  }
  if (op == 0xd1) {
    Operand o = pop_any();
    if (is_number(o.type)) return fail("a number is asked whether it is null");
    const Gp r = in_gp(o);
    a().with_register(test_with(true), r, r);
    release(o);
    return push({Value::i32, Kind::flags, static_cast<std::uint64_t>(Condition::equal)});
  }
  const std::uint32_t index = in_.u32();
  if (op == 0xd2) {
    if (!needs(index, types_.module.function_count(), "a function")) return;
    const Gp r = free_gp();
    out_.distances.push_back({a().with_distance(address_of, r), Toward::record, index});
    return push_gp(Value::funcref, r);
  }
  if (!needs_table(index)) return;
  const Value element = types_.module.tables[index].element;
  if (op == 0x25) helper(Helper::table_get, std::array{Value::i32}, {index}, element);
  else helper(Helper::table_set, std::array{Value::i32, element}, {index}, std::nullopt);
}

}  // namespace writ::guest::wasm
