// Every attack with the outcome expected. One table, run one by one and mixed.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "attacks.h"
#include "writ/fence/fence.h"

namespace writ::escape {

// Addresses of what an attacker would like to reach.
struct Targets {
  std::uint64_t secret = 0;           // heap of the host
  std::uint64_t arena = 0;            // its own
  std::uint64_t neighbour = 0;        // another arena's stack, 0: there is no other
  std::uint64_t gate = 0, neighbour_gate = 0;
  std::vector<std::uint64_t> gate_writes;  // WRPKRU in the gate, in the order of GateMap
  std::uint64_t gate_call = 0, gate_abandon = 0, neighbour_gate_call = 0;
  std::uint64_t control = 0, selector = 0, record = 0;
  std::uint64_t signal_stack = 0;
  std::uint64_t restore_thunk = 0;    // the checked XRSTOR that stands in for ld.so's, 0: none
  bool avx512 = false;
};

struct Case {
  std::string name;
  Attack what;
  std::uint64_t at = 0;
  std::vector<fence::Ending> expected;  // any of them
  int detail = -1;
  Nanoseconds budget{10'000'000'000};
};

// The cases that this strength has to withstand.
std::vector<Case> cases(fence::Strength, const Targets&);

}  // namespace writ::escape
