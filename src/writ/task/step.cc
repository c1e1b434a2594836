#include "writ/task/step.h"

#include <algorithm>

namespace writ::task {

std::vector<effect::Entry> meant(std::span<const effect::Entry> journal, const gate::ChangeSet& chosen) {
  std::vector<effect::Entry> out;
  for (const auto& e : journal)
    if (e.kind != effect::Kind::state_write || std::ranges::find(chosen.writes, e.resource, &gate::StagedWrite::path) != chosen.writes.end())
      out.push_back(e);
  return out;
}

effect::Composed step_of(std::span<const effect::Entry> journal) {
  std::vector<effect::Effect> effects;
  for (const auto& e : journal)
    if (e.refusal == effect::Refusal::none && effect::word(e.kind).nature == effect::Nature::staged)
      effects.push_back({e.kind, e.resource, e.bytes, e.size, e.fields});
  return effect::join(effects);
}

Result<void> check_step(const authority::policy::Program& program, const authority::policy::ComponentFacts& component,
                        const effect::Composed& step) {
  const auto excesses = authority::policy::excesses(program, component, step);
  if (excesses.empty()) return {};
  return Error{Code::denied, "the commit as a whole is refused by a policy: " + excesses.front(), "policy",
               excesses.size() == 1 ? "" : std::to_string(excesses.size() - 1) + " more refuse it too"};
}

}  // namespace writ::task
