// The machine that runs the bytecode of a rule: a stack of values, no allocation, no calls but to the operators. It stops
// at the first value that has failed.
#pragma once

#include <span>

#include "writ/authority/policy/program.h"
#include "writ/authority/policy/value.h"

namespace writ::authority::policy {

inline constexpr std::size_t max_stack = 512;  // deeper than max_nesting and the levels of the grammar allow

Value run(const Bytecode&, std::span<const Value> slots, const Facts&);

}  // namespace writ::authority::policy
