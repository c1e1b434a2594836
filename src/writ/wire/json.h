// JSON from outside (RFC 8259), read strictly: one value, valid UTF-8, no duplicate keys, no byte order mark, bounded
// depth and size. Numbers are those of I-JSON (RFC 7493): an integer within +-(2^53 - 1) is an integer, any other
// number is a double, and one that no double holds is refused. So whoever wants a 64-bit quantity reads a string, and
// canonical_json (canonical.h) accepts whatever this accepted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "writ/base/result.h"
#include "writ/base/units.h"

namespace writ {

using Json = nlohmann::json;

// The largest magnitude that every JSON reader carries exactly.
inline constexpr std::int64_t largest_json_integer = (std::int64_t{1} << 53) - 1;

struct JsonLimits {
  std::size_t depth = 128;        // arrays and objects inside one another; our own documents stay below 16
  ByteCount size = 64 * MiB;
};

// `invalid` with the position as line:column in bytes, or `exhausted` beyond a limit.
Result<Json> parse_json(std::string_view text, JsonLimits = {});

}  // namespace writ
