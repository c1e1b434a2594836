#include "writ/task/step.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>

namespace writ::task {

std::vector<effect::Entry> meant(std::span<const effect::Entry> journal, const Chosen& chosen, const workspace::Changes& all) {
  std::set<std::string> given_up;
  for (const auto& tree : all.trees)
    for (const auto& c : tree.changes) given_up.insert(workspace::absolute(tree, c.path));
  for (const auto& tree : chosen.files.trees)
    for (const auto& c : tree.changes) given_up.erase(workspace::absolute(tree, c.path));
  const auto stays = [&](const effect::Entry& e) {
    if (e.kind == effect::Kind::state_write)
      return std::ranges::find(chosen.objects.writes, e.resource, &gate::StagedWrite::path) != chosen.objects.writes.end();
    if (e.kind != effect::Kind::file_write) return true;
    return !given_up.contains(e.resource.ends_with('/') ? e.resource.substr(0, e.resource.size() - 1) : e.resource);
  };
  std::vector<effect::Entry> out;
  std::ranges::copy_if(journal, std::back_inserter(out), stays);
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
