// Translates the functions of a module, each in one pass over its operators (core specification 5.4).
//
// The operand stack is kept in mind while translating: an operand is a constant, a local not yet read, a register, the
// flags of a comparison, or lies in its own slot of the frame. Where control flow meets, all lie in their slots, so that
// every way there leaves the same picture. No operand outlives a call in a register.
//
//   [rbp + 16 + 8i]   parameter i, written by the caller; results, if there are several
//   [rbp + 8]         way back; [rbp] the caller's frame
//   [rbp - 8]         one word to compute in
//   [rbp - 16 - 8i]   the other locals, then the slots of the operand stack
//   [rsp + 8i]        parameters of the functions called
//   r15               the instance; r14 linear memory; r11, xmm14, xmm15 free between two instructions of an operator
//
// rsp is a multiple of 16 in every function. A single result is in rax or xmm0. An i32 in a register or in memory has its
// upper half zero: so an address can not reach past 4 GiB, and its constant offset past 8.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "writ/base/result.h"
#include "writ/guest/wasm/assembler.h"
#include "writ/guest/wasm/baseline.h"
#include "writ/guest/wasm/cursor.h"
#include "writ/guest/wasm/module.h"

namespace writ::guest::wasm {

// The functions of the image's runtime that code calls, by their names there (image/baseline.c, runtime.c).
enum class Helper : std::uint8_t {
  trap, call, memory_grow, memory_copy, memory_fill, memory_init, data_drop, table_get, table_set, table_grow, table_size, table_fill,
  table_copy, table_init, element_drop, instantiate, f32_of_u64, f64_of_u64, i32_of_f32, u32_of_f32, i32_of_f64, u32_of_f64,
  i64_of_f32, u64_of_f32, i64_of_f64, u64_of_f64, i32_of_f32_sat, u32_of_f32_sat, i32_of_f64_sat, u32_of_f64_sat, i64_of_f32_sat,
  u64_of_f32_sat, i64_of_f64_sat, u64_of_f64_sat
};
inline constexpr std::size_t helper_count = static_cast<std::size_t>(Helper::u64_of_f64_sat) + 1;

enum class Toward : std::uint8_t { function, helper, record, table, description };  // a table: of jumps

// A 32-bit distance in the text that is known when everything has its place.
struct Distance {
  std::uint32_t at = 0;
  Toward toward = Toward::function;
  std::uint32_t index = 0;  // of a function, a Helper, the function of a record, the offset of a table
};

// An entry of a jump table: the distance from the table to a place in the text.
struct JumpEntry {
  std::uint32_t table = 0, at = 0, text = 0;
};

// The text of all functions as it grows, and what is to be filled in.
struct BaselineCode {
  Assembler text;
  std::vector<Distance> distances;
  std::uint32_t tables_size = 0;  // of all jump tables, in bytes
  std::vector<JumpEntry> jumps;
};

// What the functions of a module are translated by, besides themselves.
struct BaselineTypes {
  const Module& module;
  std::vector<std::uint32_t> canonical;  // of each type; no number is 0
  struct Global {
    Value type = Value::i32;
    bool is_mutable = false;
  };
  std::vector<Global> globals;
};

class FunctionTranslator {
 public:
  FunctionTranslator(const BaselineTypes& types, BaselineCode& out, Constants constants) : types_(types), out_(out), constants_(constants) {}
  // `invalid`, with the byte, for what is malformed or not valid where it was noticed; `unsupported` for what the baseline
  // translator does not know; `exhausted` if the text grows too large.
  Result<void> translate(std::uint32_t function, Cursor body);

 private:
  enum class Kind : std::uint8_t { constant, local, slot, gp, xmm, flags };
  struct Operand {
    Value type = Value::i32;
    Kind kind = Kind::constant;
    std::uint64_t bits = 0;  // the constant, the local, the slot, the register, or the Condition
  };
  enum class Block : std::uint8_t { function, block, loop, if_then, if_else };
  struct Frame {
    Block kind = Block::block;
    bool was_dead = false;  // where it begins
    std::size_t height = 0;
    std::span<const Value> parameters, results;
    Label target, otherwise;
    std::span<const Value> label_types() const { return kind == Block::loop ? parameters : results; }
  };

  // baseline_function.cc: the body, and operators of variables
  bool read_locals();
  void enter();
  void leave();
  void trap_exits();
  void operators();
  void operate(std::uint8_t op);
  void local_get(std::uint32_t), local_set(std::uint32_t, bool keeps);
  void global_get(std::uint32_t), global_set(std::uint32_t);
  void select(std::optional<Value>);
  void fail(std::string_view what);  // it is not valid
  void give_up(Code, std::string what);

  // baseline_operands.cc: the operand stack and registers
  void push(Operand);
  void push_gp(Value t, Gp r) { push({t, Kind::gp, r}); }
  void push_xmm(Value t, Xmm r) { push({t, Kind::xmm, r}); }
  Operand pop(Value type);
  Operand pop_any();
  void settle_flags();               // the flags on top become a number
  void spill(std::size_t index);     // to its slot
  void spill_registers();
  void spill_all();
  void keep_local(std::uint32_t);    // who still has to read it reads it now
  Gp free_gp(unsigned but = 0);
  Xmm free_xmm();
  void take(Gp, Operand* beside = nullptr, Operand* beside_too = nullptr);  // this very register, free
  void release(const Operand&);
  Gp in_gp(Operand&);
  Xmm in_xmm(Operand&);
  std::optional<Place> in_memory(const Operand&) const;
  void load(Gp, const Operand&);
  void load_xmm(Xmm, const Operand&);
  void load_constant(Gp, std::uint64_t, bool wide);
  void store(Place, const Operand&);  // a whole word, upper half zero
  bool must_hide(std::uint32_t) const;
  Place at_frame(std::int64_t words) const { return {rbp, static_cast<std::int32_t>(words * 8), rsp, 0}; }
  Place local_place(std::uint64_t local) const;
  Place slot_place(std::uint64_t slot) const;
  Place argument_place(std::size_t i) const { return {rsp, static_cast<std::int32_t>(i * 8), rsp, 0}; }
  Place instance_place(std::uint64_t offset) const { return {r15, static_cast<std::int32_t>(offset), rsp, 0}; }

  // baseline_control.cc
  bool read_block_type(std::span<const Value>& parameters, std::span<const Value>& results);
  void begin(Block);
  void otherwise();
  void end();
  void branch(std::uint32_t depth), branch_if(std::uint32_t depth), branch_table();
  void go_to(Frame&);
  void bind(Label&);
  void set_stack(std::size_t height, std::span<const Value>);
  void leave_function();
  bool moves_nothing(const Frame&) const;
  Frame* frame_at(std::uint32_t depth);
  void check_top(std::span<const Value>);
  void skip_dead_code();
  void skip_immediates(std::uint8_t op);
  Condition condition(Operand&);  // flags set for it
  void call(std::uint32_t function), call_indirect();
  void arguments(std::span<const Value>, std::size_t room);
  void results(std::span<const Value>);
  void trap_if(Condition, unsigned code);
  void trap(unsigned code);

  // baseline_memory.cc
  void memory_operator(std::uint8_t op);
  void bulk_operator(std::uint32_t op);
  void reference_operator(std::uint8_t op);
  Place address(Operand&, std::uint32_t offset);
  void helper(Helper, std::span<const Value> parameters, std::initializer_list<std::uint32_t> more, std::optional<Value> result);
  void helper_call(Helper);
  bool needs_memory();
  bool needs_table(std::uint32_t), needs(std::uint32_t index, std::uint32_t count, std::string_view what);

  // baseline_numeric.cc
  void numeric(std::uint8_t op);
  void integer(unsigned which, bool wide), floating(unsigned which, bool is_double);
  void saturating(std::uint32_t op);
  bool fits_instruction(const Operand&) const;
  void constant_behind(Opcode with_byte, Opcode with_half, unsigned index, std::optional<Place>, Gp, std::uint64_t bits);
  void combine(unsigned index, Gp, const Operand&, bool wide);
  void compare(Condition, bool wide), compare_floats(unsigned which, bool is_double), is_zero(bool wide);
  void arithmetic(unsigned index, bool commutes, bool wide);
  void multiply(bool wide), shift(unsigned which, bool wide), divide(bool is_signed, bool remainder, bool wide);
  void count_bits(unsigned which, bool wide);
  void compare_register(Xmm, Xmm, bool is_double), load_mask(bool is_double, bool of_sign);
  void float_arithmetic(unsigned code, bool is_double), float_extreme(bool maximum, bool is_double);
  void float_sign(unsigned which, bool is_double), copy_sign(bool is_double), round(unsigned mode, bool is_double), root(bool is_double);
  void convert(std::uint8_t op), extend(std::uint8_t op), reinterpret(Value from, Value to);
  void from_integer(bool is_double, bool wide_source, bool wide_instruction);
  void truncate_to_i32(bool is_signed, bool is_double);

  Assembler& a() { return out_.text; }
  const Signature& signature() const { return *signature_; }

  const BaselineTypes& types_;
  BaselineCode& out_;
  Constants constants_;

  Cursor in_{BytesView{}};
  std::optional<Error> error_;
  const Signature* signature_ = nullptr;
  std::vector<Value> locals_;
  std::vector<Operand> stack_;
  std::size_t first_lazy_ = 0;  // below it every operand lies in its slot
  std::size_t highest_ = 0;     // the stack ever was
  std::size_t room_ = 0;        // words for the parameters of calls
  std::vector<Frame> frames_;
  bool dead_ = false;           // no way leads here
  std::uint32_t gp_used_ = 0, xmm_used_ = 0;
  std::uint64_t work_ = 0;
  std::uint32_t frame_size_at_ = 0;  // where the size of the frame is to be filled in
  std::array<Label, 9> traps_;       // by number (wasm-rt.h)
};

constexpr bool is_float(Value v) { return v == Value::f32 || v == Value::f64; }
constexpr bool is_wide(Value v) { return v != Value::i32 && v != Value::f32; }

}  // namespace writ::guest::wasm
