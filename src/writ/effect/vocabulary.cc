#include "writ/effect/vocabulary.h"

namespace writ::effect {

std::optional<Kind> find_kind(std::string_view name) {
  for (const auto& w : vocabulary)
    if (w.name == name) return w.kind;
  return std::nullopt;
}

}  // namespace writ::effect
