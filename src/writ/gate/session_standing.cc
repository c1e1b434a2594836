#include "writ/gate/session.h"

#include <algorithm>

namespace writ::gate {

using effect::Kind;

namespace {

Error not_for_kernels(const std::string& grant, std::string why, std::string hint) {
  return {Code::unsupported, "the kernel cannot hold a process to this: " + std::move(why), grant, std::move(hint)};
}

// What a folder of the program's tree can stand for: one thing, or a folder with everything in it.
Result<Standing> standing_of(const authority::Grant& g) {
  const auto text = g.text();
  const auto& p = *g.resource;
  if (!g.limits.empty()) return not_for_kernels(text, "it counts nothing and looks at no clock", "grant it without limits");
  if (!g.within.empty()) return not_for_kernels(text, "what two patterns have in common", "grant a file, or a folder with a / at its end");
  if (p.is_plain()) return Standing{g.kind, p.thing(), Standing::Reach::exact};
  if (p.covers_all_below(p.root())) return Standing{g.kind, p.root(), Standing::Reach::below};
  return not_for_kernels(text, "a pattern", "grant a file, or a folder with a / at its end");
}

}  // namespace

Result<Standings> Session::standing_files() {
  Standings all;
  const auto is_file = [](const authority::Grant& g) { return (g.kind == Kind::file_read || g.kind == Kind::file_write) && g.resource; };
  for (const auto& d : setup_.capabilities.denies()) {
    if (!is_file(d)) continue;
    WRIT_TRY(auto standing, standing_of(d));
    all.denied.push_back(std::move(standing));
  }
  const auto& grants = setup_.capabilities.grants();
  for (std::uint32_t i = 0; i < grants.size(); ++i) {
    if (!is_file(grants[i]) || setup_.capabilities.is_learned(i)) continue;
    WRIT_TRY(auto standing, standing_of(grants[i]));
    const std::string end = standing.reach == Standing::Reach::below && standing.host != "/" ? "/" : "";
    if (!monitor_.perform({standing.kind, standing.host + end, 0, 0})) continue;  // a deny or a policy: it is on record
    all.granted.push_back(std::move(standing));
  }
  return all;
}

bool Session::has_state() const {
  return std::ranges::any_of(setup_.capabilities.grants(), [](const authority::Grant& g) {
    return g.kind == Kind::state_read || g.kind == Kind::state_write;
  });
}

}  // namespace writ::gate
