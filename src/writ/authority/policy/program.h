// Program: a compiled policy. Immutable, shared by every task it holds for.
//
// For each kind of effect there is a table: the rules that can be about a resource, found by the folders that lead to it,
// and those that can be about any. What a rule says about fixed facts is decided once for a kind, a capability and a
// resource (partial.h); what is left is bytecode over the slots that this filled and the attributes that vary.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "writ/authority/policy/expression.h"
#include "writ/authority/policy/violation.h"
#include "writ/wire/digest.h"

namespace writ::authority::policy {

enum class Opcode : std::uint8_t {
  number,
  text,
  slot,
  load,
  field,  // push
  if_false,
  if_true,  // jump and keep it, else drop it
  negate,
  not_,
  is_empty,
  in_set,
  like,
  binary,  // the operand is the Op
};
struct Instruction {
  Opcode code;
  std::uint32_t operand = 0;
};

// What the instructions of one rule point to.
struct Bytecode {
  std::vector<Instruction> instructions;
  std::vector<std::int64_t> numbers;
  std::vector<const Expression*> parts;  // in_set, like, text: nodes of the rule's own tree (field too)
  std::size_t slots = 0, depth = 0;
};

struct RuleWord {
  std::string policy, name, file;
  std::uint32_t line = 0;
  Severity severity = usual_severity;
  Responses responses = usual_responses;
};

struct EffectRule {
  Kinds kinds = no_kinds;
  std::optional<Expression> where;  // of the type and of the rule; none: about every effect of its kinds
  Expression check;                 // where implies body
  Bytecode code;                        // of check; empty if nothing of it varies
};

struct Ceiling {
  Gauge gauge{};
  std::int64_t most = 0;
};
// A rule about the task: looked at when it is admitted.
struct ComponentRule {
  std::optional<Expression> where, check;
  std::vector<Ceiling> ceilings;
};

// A rule and its index among the words of its program.
template <class Rule>
struct Placed {
  std::uint32_t word = 0;
  std::shared_ptr<const Rule> rule;
};

// Which rules may be about a resource, by the path that leads there without a trailing slash; "" is every resource.
struct KindTable {
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
  };
  std::unordered_map<std::string, std::vector<std::uint32_t>, Hash, std::equal_to<>> by_path;
};

struct Program {
  effect::OwnKinds own;  // that it declares
  DigestPair digest;     // of the text; of both digests, where two policies hold at once
  std::vector<RuleWord> words;
  std::vector<Placed<EffectRule>> effect_rules;
  std::vector<Placed<ComponentRule>> component_rules;
  std::array<KindTable, effect::kinds> tables;  // of indices of effect_rules
};

// Both hold: what either refuses is refused.
std::shared_ptr<const Program> both(const Program& a, const Program& b);

// The compiler's last step, and both(): which rules can be about which resource.
void fill_tables(Program&);

}  // namespace writ::authority::policy
