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
  std::string_view resource;
  std::uint64_t bytes = 0, size = 0;
  const CapabilityFacts* capability = nullptr;
  const ComponentFacts* component = nullptr;
  std::uint64_t effects = 0, denied = 0;  // of the component so far
};

}  // namespace writ::authority::policy
