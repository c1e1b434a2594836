#include "writ/authority/policy/lowering.h"

#include <algorithm>
#include <utility>

#include "writ/authority/policy/machine.h"
#include "writ/base/assert.h"

namespace writ::authority::policy {
namespace {

class Lowering {
 public:
  // A constant is its own slot already.
  void number_slots(Expression& e) {
    if (e.op == Op::constant) return;
    if (!e.depends_on(Varies::each_effect)) {
      e.slot = static_cast<std::int32_t>(code_.slots++);
      return;
    }
    for (auto& part : e.parts) number_slots(part);
  }

  void write(const Expression& e) {
    if (e.slot >= 0) return push(Opcode::slot, static_cast<std::uint32_t>(e.slot));
    switch (e.op) {
      case Op::constant:
        if (e.type.base == Base::text) return push(Opcode::text, part(e));
        code_.numbers.push_back(e.number);
        return push(Opcode::number, static_cast<std::uint32_t>(code_.numbers.size() - 1));
      case Op::attribute: return push(Opcode::load, static_cast<std::uint32_t>(e.attribute));
      case Op::all: return chain(e, Opcode::if_false);
      case Op::any: return chain(e, Opcode::if_true);
      case Op::implies: {  // !a || b
        write(e.parts[0]);
        emit(Opcode::not_);
        const auto jump = emit(Opcode::if_true);
        --depth_;
        write(e.parts[1]);
        return land(jump);
      }
      case Op::negate: return unary(e, Opcode::negate);
      case Op::not_: return unary(e, Opcode::not_);
      case Op::is_empty: return unary(e, Opcode::is_empty);
      case Op::in_set: return unary(e, Opcode::in_set, part(e));
      case Op::like: return unary(e, Opcode::like, part(e));
      case Op::field: return push(Opcode::field, part(e));
      case Op::covered:
      case Op::bounds:
      case Op::has_label: std::unreachable();  // fixed: a slot
      default:
        write(e.parts[0]);
        write(e.parts[1]);
        emit(Opcode::binary, static_cast<std::uint32_t>(e.op));
        --depth_;
    }
  }

  Bytecode take() { return std::move(code_); }

 private:
  std::size_t emit(Opcode code, std::uint32_t operand = 0) {
    code_.instructions.push_back({code, operand});
    return code_.instructions.size() - 1;
  }
  void push(Opcode code, std::uint32_t operand) {
    emit(code, operand);
    code_.depth = std::max(code_.depth, ++depth_);
  }
  std::uint32_t part(const Expression& e) {
    code_.parts.push_back(&e);
    return static_cast<std::uint32_t>(code_.parts.size() - 1);
  }
  void unary(const Expression& e, Opcode code, std::uint32_t operand = 0) {
    write(e.parts[0]);
    emit(code, operand);
  }
  void land(std::size_t jump) { code_.instructions[jump].operand = static_cast<std::uint32_t>(code_.instructions.size()); }

  void chain(const Expression& e, Opcode stop) {
    std::vector<std::size_t> jumps;
    for (std::size_t i = 0; i < e.parts.size(); ++i) {
      write(e.parts[i]);
      if (i + 1 == e.parts.size()) break;
      jumps.push_back(emit(stop));
      --depth_;
    }
    for (const auto j : jumps) land(j);
  }

  Bytecode code_;
  std::size_t depth_ = 0;
};

}  // namespace

Bytecode lower(Expression& check) {
  Lowering l;
  l.number_slots(check);
  if (check.slot < 0 && check.op != Op::constant) l.write(check);
  Bytecode code = l.take();
  WRIT_ASSERT(code.depth <= max_stack);  // max_nesting and the levels of the grammar see to it
  return code;
}

}  // namespace writ::authority::policy
