#include "writ/authority/policy/machine.h"

#include "writ/base/assert.h"

namespace writ::authority::policy {

namespace {

// The stack is set to zero first, so that a small one costs less.
template <std::size_t N>
Value run_within(const Bytecode& code, std::span<const Value> slots, const Facts& facts) {
  std::array<Value, N> stack;
  std::size_t top = 0;  // values on the stack
  for (std::size_t at = 0; at < code.instructions.size(); ++at) {
    const Instruction i = code.instructions[at];
    Value result;
    switch (i.code) {
      case Opcode::number: result = Value::of(code.numbers[i.operand]); break;
      case Opcode::text: result = Value::of_text(code.parts[i.operand]->text); break;
      case Opcode::slot: result = slots[i.operand]; break;
      case Opcode::field: result = field_of(*code.parts[i.operand], facts); break;
      case Opcode::load: result = load(static_cast<Attribute>(i.operand), facts); break;
      case Opcode::if_false:
      case Opcode::if_true:
        if ((stack[top - 1].number != 0) == (i.code == Opcode::if_true))
          at = i.operand - 1;
        else
          --top;
        continue;
      case Opcode::negate: result = apply(Op::negate, stack[--top]); break;
      case Opcode::not_: result = apply(Op::not_, stack[--top]); break;
      case Opcode::is_empty: result = apply(Op::is_empty, stack[--top]); break;
      case Opcode::in_set: result = Value::of_bool(holds(*code.parts[i.operand]->set, stack[--top])); break;
      case Opcode::like: {
        const auto& e = *code.parts[i.operand];
        result = Value::of_bool(holds(*e.globs, e.number != 0, facts.kind, stack[--top].text));
        break;
      }
      case Opcode::binary:
        top -= 2;
        result = apply(static_cast<Op>(i.operand), stack[top], stack[top + 1]);
        break;
    }
    if (result.tag == Value::Tag::failed) return result;
    stack[top++] = result;
  }
  WRIT_ASSERT(top == 1);
  return stack[0];
}

}  // namespace

Value run(const Bytecode& code, std::span<const Value> slots, const Facts& facts) {
  WRIT_ASSERT(code.depth <= max_stack && slots.size() == code.slots);
  constexpr std::size_t usual = 4;
  return code.depth <= usual ? run_within<usual>(code, slots, facts) : run_within<max_stack>(code, slots, facts);
}

}  // namespace writ::authority::policy
