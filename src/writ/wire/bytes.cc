#include "writ/wire/bytes.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace writ {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 0xff;

constexpr std::array<std::uint8_t, 256> values_of(std::string_view digits) {
  std::array<std::uint8_t, 256> table{};
  table.fill(no_digit);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    table[static_cast<unsigned char>(digits[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}
constexpr auto hex_values = values_of(hex_digits);
constexpr auto base64_values = values_of(base64_digits);

std::uint32_t hex_value(char c) { return hex_values[static_cast<unsigned char>(c)]; }
std::uint32_t base64_value(char c) { return base64_values[static_cast<unsigned char>(c)]; }

// Two digits for each byte at once.
constexpr std::array<std::array<char, 2>, 256> hex_pairs = [] {
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = {hex_digits[i >> 4], hex_digits[i & 15]};
  return pairs;
}();

Error not_hex(std::size_t at) {
  return invalid("not lower-case hex", fmt::format("character {}", at + 1), "an even number of 0-9 and a-f");
}
Error not_base64(std::size_t at, std::string_view why) {
  return invalid(fmt::format("not canonical base64: {}", why), fmt::format("character {}", at + 1),
                 "the standard alphabet with padding, unused bits zero");
}

}  // namespace

void append_hex(std::string& out, BytesView bytes) {
  std::size_t at = out.size();
  out.resize(at + 2 * bytes.size());
  for (const std::byte byte : bytes) {
    const auto& pair = hex_pairs[std::to_integer<std::size_t>(byte)];
    out[at++] = pair[0];
    out[at++] = pair[1];
  }
}

std::string hex(BytesView bytes) {
  std::string out;
  append_hex(out, bytes);
  return out;
}

bool parse_hex_into(std::string_view text, std::span<std::byte> out) {
  if (text.size() != 2 * out.size()) return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::uint32_t high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);
    if ((high | low) == no_digit) return false;  // 0xff only if one of them is no digit
    out[i] = static_cast<std::byte>(high << 4 | low);
  }
  return true;
}

Result<Bytes> parse_hex(std::string_view text) {
  if (text.size() % 2 != 0) return not_hex(text.size());
  Bytes out(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::uint32_t high = hex_value(text[i]), low = hex_value(text[i + 1]);
    if (high == no_digit) return not_hex(i);
    if (low == no_digit) return not_hex(i + 1);
    out[i / 2] = static_cast<std::byte>(high << 4 | low);
  }
  return out;
}

std::string base64(BytesView bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < n ? std::to_integer<std::uint32_t>(bytes[i + k]) : 0);
    }
    for (std::size_t k = 0; k < 4; ++k) out += k <= n ? base64_digits[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

Result<Bytes> parse_base64(std::string_view text) {
  if (text.size() % 4 != 0) return not_base64(text.size(), "length is not a multiple of four");
  Bytes out;
  if (text.empty()) return out;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  out.resize(text.size() / 4 * 3 - padding);
  const std::size_t whole = text.size() - (padding != 0 ? 4 : 0);
  std::byte* to = out.data();
  for (std::size_t i = 0; i < whole; i += 4) {
    const std::uint32_t a = base64_value(text[i]), b = base64_value(text[i + 1]), c = base64_value(text[i + 2]),
                        d = base64_value(text[i + 3]);
    if ((a | b | c | d) > 63) {
      const std::size_t at = i + (a > 63 ? 0 : b > 63 ? 1 : c > 63 ? 2 : 3);
      return not_base64(at, "not a digit");
    }
    const std::uint32_t group = a << 18 | b << 12 | c << 6 | d;
    *to++ = static_cast<std::byte>(group >> 16);
    *to++ = static_cast<std::byte>(group >> 8 & 255);
    *to++ = static_cast<std::byte>(group & 255);
  }
  if (padding == 0) return out;
  std::uint32_t group = 0;
  for (std::size_t k = 0; k < 4 - padding; ++k) {
    const std::uint32_t v = base64_value(text[whole + k]);
    if (v > 63) return not_base64(whole + k, "not a digit");
    group = group << 6 | v;
  }
  const unsigned spare = padding == 1 ? 2 : 4;
  if ((group & ((1u << spare) - 1)) != 0) return not_base64(whole + 3 - padding, "unused bits are not zero");
  group >>= spare;
  for (std::size_t k = 3 - padding; k-- > 0;) *to++ = static_cast<std::byte>(group >> (8 * k) & 255);
  return out;
}

}  // namespace writ
