// Composition: which effects may be one step, and what that step is as a whole.
//
// Two effects commute when their order makes no difference; two that do not are in conflict, and no step may hold both,
// because a step says nothing about order. Reads commute with each other; a write conflicts with a read or a write of the
// same resource or of a folder around it; what acts outside conflicts with itself, since it cannot be taken back and done
// in another order.
//
// A composed effect is the sum of its parts, and is judged as a whole: what a task would commit is joined, in the order that
// its journal has, and asked of capabilities and policies before the commit (task/step.h).
// Source: ../spec/001 section 3.2.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "writ/base/result.h"
#include "writ/effect/effect.h"

namespace writ::effect {

// The same thing, or one is the folder that holds the other (a listing, FOLDER/, overlaps what lies in it).
bool overlap(std::string_view a, std::string_view b);
bool commute(const Effect& a, const Effect& b);

struct Composed {
  std::vector<Effect> parts;  // equal ones joined, in the order of their resources
  std::uint64_t bytes = 0;    // of all
  std::uint64_t count = 0;    // effects, before joining
};

// Their sum, where their order is known.
Composed join(std::span<const Effect> effects);
// `conflict` names the first pair that does not commute, and why.
Result<Composed> compose(std::span<const Effect> effects);

}  // namespace writ::effect
