#include "writ/effect/vocabulary.h"

namespace writ::effect {

std::optional<Kind> find_kind(std::string_view name) {
  for (const auto& w : vocabulary)
    if (w.name == name) return w.kind;
  return std::nullopt;
}

Named named(Kind kind, std::string_view resource) {
  if (kind != Kind::own) return {name(kind), resource};
  const auto colon = resource.find(':');
  return colon == resource.npos ? Named{resource, {}} : Named{resource.substr(0, colon), resource.substr(colon + 1)};
}

}  // namespace writ::effect
