#include "writ/base/escape.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstring>

namespace writ {

std::size_t utf8_sequence(std::string_view s) {
  if (s.empty()) return 0;
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char a = at(0);
  if (a < 0x80) return 1;
  const std::size_t n = a >= 0xc2 && a < 0xe0 ? 2 : a >= 0xe0 && a < 0xf0 ? 3 : a >= 0xf0 && a < 0xf5 ? 4 : 0;
  if (n == 0 || s.size() < n) return 0;
  for (std::size_t i = 1; i < n; ++i)
    if ((at(i) & 0xc0) != 0x80) return 0;
  if ((a == 0xe0 && at(1) < 0xa0) || (a == 0xed && at(1) >= 0xa0) || (a == 0xf0 && at(1) < 0x90) || (a == 0xf4 && at(1) >= 0x90))
    return 0;  // overlong, surrogate, beyond U+10FFFF
  return n;
}

bool is_utf8(std::string_view s) {
  while (!s.empty()) {
    std::uint64_t eight = 0;  // most text is ASCII: eight characters at a time
    while (s.size() >= sizeof eight && (std::memcpy(&eight, s.data(), sizeof eight), (eight & 0x8080808080808080u) == 0)) {
      s.remove_prefix(sizeof eight);
    }
    if (s.empty()) return true;
    const auto n = utf8_sequence(s);
    if (n == 0) return false;
    s.remove_prefix(n);
  }
  return true;
}

std::string escape_for_terminal(std::string_view s) {
  std::string out;
  out.reserve(s.size());
  while (!s.empty()) {
    const std::size_t n = utf8_sequence(s);
    const auto byte = static_cast<unsigned char>(s[0]);
    if (n == 0 || (n == 1 && (byte < 0x20 || byte == 0x7f))) {
      out += fmt::format("\\x{:02x}", byte);
      s.remove_prefix(1);
      continue;
    }
    std::uint32_t code = n == 1 ? byte : byte & (0xffu >> (n + 1));
    for (std::size_t i = 1; i < n; ++i) code = code << 6 | (static_cast<unsigned char>(s[i]) & 0x3f);
    const bool hidden = (code >= 0x80 && code < 0xa0) || (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
                        (code >= 0x2066 && code <= 0x2069) || code == 0xfeff || (code >= 0xe0000 && code < 0xe0080);
    if (hidden) out += fmt::format("\\u{{{:04x}}}", code);
    else out += s.substr(0, n);
    s.remove_prefix(n);
  }
  return out;
}

}  // namespace writ
