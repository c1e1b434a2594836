// For tests: the fence's options as the surroundings of the test wish them. WRIT_TEST_SIGNAL_STACK=slot makes a new kernel
// do what an old one needs (SignalStack).
#pragma once

#include <string_view>

#include "writ/fence/fence.h"

namespace writ::fence {

inline constexpr const char* signal_stack_variable = "WRIT_TEST_SIGNAL_STACK";

// `stack` is the variable's value, or null.
inline Options testing_options(const char* stack, Want want = Want::automatic, std::size_t slots = Options{}.slots) {
  Options o;
  o.want = want;
  o.slots = slots;
  if (stack != nullptr && std::string_view(stack) == "slot") o.signal_stack = SignalStack::slot;
  return o;
}

}  // namespace writ::fence
