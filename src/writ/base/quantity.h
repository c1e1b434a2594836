// Sizes and times as people write them: 512MiB, 1.5GB (decimal), 60s, 250ms, 2h, 7d. docs: interface.md "Grants".
#pragma once

#include <string>
#include <string_view>

#include "writ/base/clock.h"
#include "writ/base/result.h"
#include "writ/base/units.h"

namespace writ {

// "4096", "16KiB", "1MB". Whole bytes, no sign, no space; a bare number is bytes.
Result<ByteCount> parse_size(std::string_view);
// "10ms", "60s", "5min", "2h", "7d". A unit is required.
Result<Nanoseconds> parse_time(std::string_view);
std::string format_size(ByteCount);     // the largest binary unit that is exact
std::string format_time(Nanoseconds);   // the largest unit that is exact

}  // namespace writ
