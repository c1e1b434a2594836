// Makes text that a guest named or printed safe for a terminal: control characters, invalid UTF-8 and the bidirectional
// overrides (CVE-2021-42574) become \xNN or \u{NNNN}; backslash stays itself; printable UTF-8 is unchanged.
#pragma once

#include <string>
#include <string_view>

namespace writ {
std::string escape_for_terminal(std::string_view untrusted);
// The length in bytes of the valid UTF-8 sequence at the start of the text (RFC 3629), or 0.
std::size_t utf8_sequence(std::string_view);
bool is_utf8(std::string_view);
}  // namespace writ
