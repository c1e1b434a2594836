// The two ways to make code of a module.
//
//   fast   our own translator (baseline.h): there at once, and several times slower when it runs. For modules never seen.
//   best   wasm2c, clang -O2 and lld: takes seconds, once. Made in the background (improve.h) or on demand.
//
// Both keep the same rules (elf.h, fence/scan.h) and compute the same, but for the bits of a NaN that an operation made,
// which WebAssembly leaves open (core 4.3.3). An image of the fast tier gets a larger stack, because it keeps every local
// in a place of its own: recursion that the best tier has room for must not end in the fast one.
#pragma once

#include <cstdint>
#include <string_view>

namespace writ::guest::wasm {

enum class Tier : std::uint8_t { fast, best };

// What to run. `automatic`: the best image if the cache has it, else the fast one (the best where that gives up), and the best is
// asked for. The others insist.
enum class TierChoice : std::uint8_t { automatic, fast, best };

constexpr std::string_view name(Tier t) { return t == Tier::fast ? "fast" : "best"; }
constexpr std::string_view engine_name(Tier t) { return t == Tier::fast ? "wasm/baseline" : "wasm/clang-14 -O2"; }

// How much more stack than the limit says: an estimate with room to spare, not a measured ratio of frames.
constexpr std::uint64_t stack_factor(Tier t) { return t == Tier::fast ? 16 : 1; }

}  // namespace writ::guest::wasm
