// Canonical JSON (RFC 8785, JCS): one value, one text. Members in the order of their keys' UTF-16 code units, no white
// space, the shortest escapes, numbers as ECMAScript prints them. What is digested and signed is always this text.
#pragma once

#include <string>
#include <string_view>

#include "writ/base/result.h"
#include "writ/wire/json.h"

namespace writ {

// Every value from parse_json can be written. A value that our own code made must hold valid UTF-8, finite doubles
// and no integer beyond +-(2^53 - 1): anything else is a bug and asserts (carry such integers as strings).
std::string canonical_json(const Json&);

// The value, provided that the text is its canonical text, byte for byte; else `invalid`.
Result<Json> parse_canonical(std::string_view text, JsonLimits = {});

// Whether key a comes before key b: the order of their UTF-16 code units. Both are valid UTF-8.
bool canonical_key_less(std::string_view a, std::string_view b);
// Appends the text as a canonical JSON string with its quotes; false, and nothing appended, if it is not UTF-8.
[[nodiscard]] bool append_canonical_string(std::string& out, std::string_view text);
// The number as ECMAScript's Number::toString prints it; -0 is "0".
std::string canonical_number(double finite);

}  // namespace writ
