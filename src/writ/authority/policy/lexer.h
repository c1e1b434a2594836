// The words of a policy file. Whatever the bytes are, they become words or one diagnostic with its place: the file is
// UTF-8 without NUL, without control characters other than blank, tab and line end, and without characters that turn the
// direction of the text around (a reader would see another rule than the compiler). CRLF and a leading BOM are taken.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "writ/authority/policy/diagnostic.h"

namespace writ::authority::policy {

enum class TokenKind : std::uint8_t { word, number, decimal, text, mark, end };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;         // the word, the mark, the text without quotes and escapes
  std::int64_t number = 0;  // of a decimal in units of 1 / amount_scale
  Span at;
};

// Fixed-point numbers such as 100.00 have six digits after the point.
inline constexpr std::int64_t amount_scale = 1'000'000;

// The last token is `end`. Nothing after the first thing that is no word.
std::optional<std::vector<Token>> tokens_of(std::string_view text, Diagnostics&);

}  // namespace writ::authority::policy
