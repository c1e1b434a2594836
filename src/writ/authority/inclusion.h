// Inclusion: whether everything that some patterns allow is allowed by another. The order of the lattice of grants.
//
// A pattern is a regular language of canonical resources, so the question is decidable: the patterns run side by side as
// automata over bytes, and a resource that the inner ones all cover and the outer one does not is searched for (subset
// construction; Hopcroft and Ullman 1979, section 3.3). Bytes that no pattern names are tried once.
//
// Some patterns with many wildcards have too many states to walk (max_inclusion_steps). Then the answer is `no`: what
// cannot be shown to be narrower is taken for wider, and nothing is widened.
#pragma once

#include <cstddef>
#include <span>

#include "writ/authority/pattern.h"

namespace writ::authority {

inline constexpr std::size_t max_inclusion_steps = 20'000;  // some milliseconds

// Every resource that all of `inner` cover is covered by `outer`. All are of one form.
bool includes(const Pattern& outer, std::span<const Pattern> inner);
// No resource is covered by all. `false` also where that would take too long to tell.
bool is_empty(std::span<const Pattern> all);

}  // namespace writ::authority
