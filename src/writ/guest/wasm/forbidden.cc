#include "writ/guest/wasm/forbidden.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <iterator>

#include "writ/fence/scan.h"
#include "writ/guest/wasm/elf.h"

namespace writ::guest::wasm {
namespace {

constexpr unsigned first_byte = 0x0f;

bool holds_first_byte(std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i)
    if ((value >> 8 * i & 0xff) == first_byte) return true;
  return false;
}

// A mask that leaves no 0F in the masked value and has none itself: of 9 candidates, 8 bytes rule out 8 at most.
std::uint64_t mask_for(std::uint64_t value, int bytes) {
  const std::uint64_t all = bytes == 8 ? ~0ull : 0xffffffffull;
  for (std::uint64_t m = 0x51;; ++m) {
    const std::uint64_t mask = m * 0x0101010101010101ull & all;
    if (!holds_first_byte(value ^ mask, bytes)) return mask;
  }
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

}  // namespace

Result<bool> is_free_of_forbidden(BytesView object) {
  WRIT_TRY(const Elf elf, read_elf(object));
  for (const ElfPart& p : elf.parts)
    if (p.kind == fence::Segment::Kind::text && fence::first_forbidden(p.bytes)) return false;
  return true;
}

std::string hide_constants(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && is_word(text[end])) ++end;
    const std::string_view word = text.substr(i, end - i);
    if (word.empty()) {
      out += text[i++];
      continue;
    }
    i = end;
    // 123u is an i32 or an offset, 123ull an i64; nothing else of the translator's ends so.
    const std::size_t digits = word.find_first_not_of("0123456789");
    const int bytes = digits == 0 || digits == word.npos ? 0 : word.substr(digits) == "u" ? 4 : word.substr(digits) == "ull" ? 8 : 0;
    std::uint64_t value = 0;
    std::from_chars(word.data(), word.data() + (bytes ? digits : 0), value);
    if (bytes == 0 || !holds_first_byte(value, bytes)) {
      out += word;
      continue;
    }
    const std::uint64_t mask = mask_for(value, bytes);
    fmt::format_to(std::back_inserter(out), "image_hidden_u{0}({1}{3}, {2}{3})", bytes * 8, value ^ mask, mask, word.substr(digits));
  }
  return out;
}

}  // namespace writ::guest::wasm
