// The seed of a random test: WRIT_SEED of the environment if it is set, so that a failure can be had again, else a fresh
// one. Every test that uses it prints it.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <span>

#include "writ/base/random.h"

namespace writ::store {

inline std::uint64_t test_seed() {
  if (const char* given = std::getenv("WRIT_SEED")) return std::strtoull(given, nullptr, 10);
  std::uint64_t seed = 0;
  fill_random(std::as_writable_bytes(std::span(&seed, 1)));
  return seed;
}

}  // namespace writ::store
