// For tests: a guest that is a function, run in a process of its own with a mounted shadow where the root is.
#pragma once

#include <functional>

#include "writ/workspace/mounted.h"

namespace writ::workspace::testing {

// Its exit status: 0, or 1 for an exception, whose text goes to the errors; 120 and above: no namespace or mount was to be had.
// The guest begins in the root.
int as_guest(const MountedShadow&, Overlay, const std::function<void()>& guest);

}  // namespace writ::workspace::testing
