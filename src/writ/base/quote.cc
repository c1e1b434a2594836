#include "writ/base/quote.h"

#include <algorithm>

namespace writ {
namespace {

constexpr std::string_view escaped = "\a\b\t\n\v\f\r\"\\", letters = "abtnvfr\"\\";

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\';
}

}  // namespace

std::string quote_as_git(std::string_view name) {
  if (std::ranges::all_of(name, is_plain)) return std::string(name);
  std::string text = "\"";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain(c)) {
      text += c;
    } else if (const auto at = escaped.find(c); at != escaped.npos) {
      text += '\\';
      text += letters[at];
    } else {
      text += '\\';
      for (const int shift : {6, 3, 0}) text += static_cast<char>('0' + ((byte >> shift) & 7));
    }
  }
  return text + "\"";
}

}  // namespace writ
