// Reading times: the strict inverse of rfc3339() (clock.h), for whoever decodes what it has written.
#pragma once

#include <optional>
#include <string_view>

#include "writ/base/clock.h"

namespace writ {

// 2026-11-21T03:11:43.000000000Z and nothing else. Years 1970 to 2261, which is what nanoseconds in 64 bits reach.
std::optional<WallTime> parse_rfc3339(std::string_view);

}  // namespace writ
