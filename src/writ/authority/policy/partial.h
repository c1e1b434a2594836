// Partial evaluation: what an expression comes to when only some of the facts are known. It decides once what is fixed
// for a kind, a capability and a resource; it finds rules that can never match; and it tells at admission which grants a
// policy forbids outright.
#pragma once

#include <span>

#include "writ/authority/policy/value.h"

namespace writ::authority::policy {

// Which facts are known. Each level knows what those before it know.
enum class Known : std::uint8_t {
  kind,        // of the effect: when the policy is loaded
  capability,  // and the task: at admission, of a grant of many resources
  resource,    // at admission, of a grant of one thing; and everything that is fixed for one decision
};

// `possible` asks whether it can hold at all: what fails or is false whatever the unknown part is, is false. `exact` says
// unknown then, since the reason is not known yet.
enum class Question : std::uint8_t { exact, possible };

// `slots`, if there are any, take the values of the parts that lowering numbered.
Value partial(const Expression&, const Facts&, Known, Question, std::span<Value> slots = {});

}  // namespace writ::authority::policy
