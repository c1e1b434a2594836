// What a policy would decide about a task that is known only by its record: for `writ policy replay`.
#pragma once

#include <string>
#include <vector>

#include "writ/authority/policy/hindsight.h"
#include "writ/runtime/runtime.h"

namespace writ::runtime {

struct PolicyChanges {
  std::vector<std::string> refusals;                   // why the task would not be admitted
  std::vector<authority::policy::Change> changes;      // of its journal
};
Result<PolicyChanges> policy_changes(const std::shared_ptr<const authority::policy::Program>&, const TaskRecord&);

}  // namespace writ::runtime
