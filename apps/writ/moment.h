// A moment as people type it: 2026-11-21, 2026-11-21T03:00:00Z, or an age such as 2h, counted back from now.
#pragma once

#include <string_view>

#include "writ/base/clock.h"
#include "writ/base/result.h"

namespace writ::cli {
Result<WallTime> parse_moment(std::string_view text, WallTime now, std::string_view where);
}
