// Bytes, and the two texts they are carried in: lower-case hex and standard base64 (RFC 4648 section 4). Both decoders
// are canonical: one value has exactly one text, so a signed document cannot be changed without changing its meaning.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/result.h"

namespace writ {

using Bytes = std::vector<std::byte>;
using BytesView = std::span<const std::byte>;

inline BytesView as_bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }
inline std::string_view as_text(BytesView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(std::string_view text) {
  const BytesView view = as_bytes(text);
  return Bytes(view.begin(), view.end());
}

std::string hex(BytesView);
void append_hex(std::string& out, BytesView);
// Into exactly out.size() bytes; false unless the text is twice as many lower-case digits.
bool parse_hex_into(std::string_view, std::span<std::byte> out);
// An even number of lower-case digits. `invalid` names the first position that is wrong.
Result<Bytes> parse_hex(std::string_view);

std::string base64(BytesView);
// Full padding, unused bits zero, no white space, no URL alphabet.
Result<Bytes> parse_base64(std::string_view);

}  // namespace writ
