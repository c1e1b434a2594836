// Step: what a task would make visible with its commit, as one composed effect, and whether it may.
//
// Every effect was judged when it was tried. Before the commit the staged ones are joined (effect/compose.h) and judged as a
// whole: the bounds that a policy sets to a commit, and, where a policy came later, each of its rules.
#pragma once

#include <memory>
#include <span>

#include "writ/authority/policy/admission.h"
#include "writ/effect/compose.h"
#include "writ/effect/journal.h"
#include "writ/task/choice.h"

namespace writ::task {

// What is left of a journal when only these changes are meant: the writes of other objects and files, of `all`, are given up.
std::vector<effect::Entry> meant(std::span<const effect::Entry> journal, const Chosen& chosen, const workspace::Changes& all);
// Of what was allowed, what is staged.
effect::Composed step_of(std::span<const effect::Entry> journal);

// `denied` names the rule and by how much.
Result<void> check_step(const authority::policy::Program&, const authority::policy::ComponentFacts&, const effect::Composed&);

}  // namespace writ::task
