// Trials: the cases of a policy file run, and one effect explained. For `writ policy test` and `writ policy explain`.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "writ/authority/policy/compile.h"
#include "writ/authority/policy/enforcer.h"

namespace writ::authority::policy {

// What is decided about one effect: by the capabilities first, then by the policy.
struct Trial {
  bool allowed = false;
  std::optional<Grant> capability;    // that allows it; none: that is why it is refused
  std::vector<std::string> refusing;  // names of the rules that refuse it
  std::vector<std::string> reasons;   // the same as they stand in a journal, with file and line
  std::vector<std::string> asked;     // rules that are about such an effect, with file and line
  Response response = Response::log;  // if the policy refuses: to a first violation
};
// Without grants it is granted by name, without limits.
Trial try_effect(const std::shared_ptr<const Program>&, const effect::Effect&, std::span<const Grant> grants,
                 const ComponentFacts&, Counts);

struct CaseResult {
  const CaseWord* word = nullptr;
  bool holds = false;
  std::string got;  // "allowed", or who refused
};
CaseResult run_case(const std::shared_ptr<const Program>&, const CaseWord&);

}  // namespace writ::authority::policy
