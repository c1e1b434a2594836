// The policies that a task is under, from its admission to its end.
#pragma once

#include "writ/authority/policy/admission.h"
#include "writ/gate/policing.h"
#include "writ/guest/guest.h"
#include "writ/task/spec.h"

namespace writ::task {

authority::policy::ComponentFacts component_facts(const Spec&, std::string_view fence, const Sha256& code);

// What holds when the task is admitted: `denied` if a policy lets it not begin; its gauges become limits of the spec.
Result<void> admit_by_policy(const authority::policy::Program&, const authority::policy::ComponentFacts&, Spec&);

}  // namespace writ::task
