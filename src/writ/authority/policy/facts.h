// Facts: what an evaluation may ask about. Views, for one decision.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "writ/authority/grant.h"
#include "writ/effect/effect.h"

namespace writ::authority::policy {

struct CapabilityFacts {
  std::string resource;
  Limits limits;
};
CapabilityFacts facts_of(const Grant&);

struct ComponentFacts {
  std::string name, code, digest, fence;
  std::vector<std::string> labels;
};

struct Facts {
  effect::Kind kind{};
  std::string_view own;       // the name of a kind of one's own; empty: not known, or not one
  std::string_view resource;  // as people name it
  std::string_view whole;     // as effects have it
  const effect::Fields* fields = nullptr;
  std::uint64_t bytes = 0, size = 0;
  const CapabilityFacts* capability = nullptr;
  const ComponentFacts* component = nullptr;
  std::uint64_t effects = 0, denied = 0;  // of the component so far
};

inline void set_effect(Facts& f, effect::Kind kind, std::string_view resource) {
  const auto thing = effect::named(kind, resource);
  f.kind = kind;
  f.own = kind == effect::Kind::own ? thing.effect : std::string_view();
  f.resource = thing.resource;
  f.whole = resource;
}

}  // namespace writ::authority::policy
