#include "writ/runtime/policy_hindsight.h"

#include "writ/authority/policy/admission.h"
#include "writ/task/admission.h"

namespace writ::runtime {
namespace {

using authority::policy::ComponentFacts;

Result<std::vector<authority::Grant>> grants_of(const proof::InputManifest& input) {
  std::vector<authority::Grant> grants;
  for (const auto& c : input.capabilities) {
    WRIT_TRY(auto grant, task::grant_of(c));
    grants.push_back(std::move(grant));
  }
  return grants;
}

ComponentFacts component_of(const proof::InputManifest& in) {
  return {in.name, in.code.name, in.code.digest.sha256.hex(), in.fence, in.labels};
}

}  // namespace

Result<PolicyChanges> policy_changes(const std::shared_ptr<const authority::policy::Program>& program, const TaskRecord& task) {
  const auto granted = grants_of(task.input);
  if (!granted && granted.error().code == Code::denied) return PolicyChanges{};  // it ran to learn: nobody granted it anything
  WRIT_TRY(const auto grants, granted);
  const ComponentFacts component = component_of(task.input);
  return PolicyChanges{refusals(*program, component, grants), changes(program, component, grants, task.journal)};
}

}  // namespace writ::runtime
