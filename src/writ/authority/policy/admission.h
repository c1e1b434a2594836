// What a policy says about a task before it runs: the ceilings that become its limits, and what is refused at once.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "writ/authority/policy/compile.h"
#include "writ/authority/policy/enforcer.h"
#include "writ/effect/compose.h"

namespace writ::authority::policy {

// The tightest bound of each gauge that is a limit of the task; token buckets are the enforcer's.
struct Ceilings {
  std::optional<std::int64_t> memory, stack, output, run_time, effects, files;
};
Ceilings ceilings(const Program&, const ComponentFacts&);

// Why a task with these grants may not begin: a rule about components that it breaks, or a grant of which the policy lets
// no effect pass. Empty: it may.
std::vector<std::string> refusals(const Program&, const ComponentFacts&, std::span<const Grant>);

// What a task would commit, as a whole: the gauges that it exceeds, each with its rule. Empty: it may.
std::vector<std::string> excesses(const Program&, const ComponentFacts&, const effect::Composed&);

}  // namespace writ::authority::policy
