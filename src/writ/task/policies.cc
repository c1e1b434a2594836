#include "writ/task/policies.h"

#include "writ/wire/digest.h"

namespace writ::task {

using authority::policy::ComponentFacts;
using authority::policy::Program;

ComponentFacts component_facts(const Spec& spec, std::string_view fence, const Sha256& code) {
  return {spec.name, spec.code_name, code.hex(), std::string(fence), spec.labels};
}

Result<void> admit_by_policy(const Program& program, const ComponentFacts& component, Spec& spec) {
  const auto reasons = refusals(program, component, spec.grants);
  if (!reasons.empty()) {
    const auto more = reasons.size() - 1;
    return Error{Code::denied, reasons.front(), "policy", more == 0 ? "" : std::to_string(more) + " more refuse it too"};
  }
  const auto most = ceilings(program, component);
  const auto lower = [](auto& limit, const std::optional<std::int64_t>& ceiling) {
    using Limit = std::remove_reference_t<decltype(limit)>;
    if (!ceiling) return;
    if constexpr (std::is_same_v<Limit, Nanoseconds>) limit = std::min(limit, Nanoseconds(*ceiling));
    else limit = std::min(limit, Limit(static_cast<std::uint64_t>(*ceiling)));
  };
  lower(spec.limits.memory, most.memory);
  lower(spec.limits.stack, most.stack);
  lower(spec.limits.output, most.output);
  lower(spec.limits.time, most.run_time);
  lower(spec.limits.effects, most.effects);
  lower(spec.limits.files, most.files);
  return {};
}

}  // namespace writ::task
