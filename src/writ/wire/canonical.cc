#include "writ/wire/canonical.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "writ/base/assert.h"
#include "writ/base/escape.h"

namespace writ {
namespace {

// UTF-8 bytes compare as code points do. UTF-16 code units differ from that in one place: U+E000..U+FFFF (lead bytes
// EE and EF) come after the surrogates that stand for everything above (lead bytes F0..F4).
unsigned utf16_rank(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0xee || byte == 0xef ? byte + 0x10u : byte;
}

void append(std::string& out, const Json& value);

void append_object(std::string& out, const Json::object_t& object) {
  using Member = const Json::object_t::value_type*;
  std::vector<Member> members;
  members.reserve(object.size());
  for (const auto& member : object) members.push_back(&member);
  std::ranges::sort(members, [](Member a, Member b) { return canonical_key_less(a->first, b->first); });
  out += '{';
  for (const Member member : members) {
    if (member != members.front()) out += ',';
    WRIT_ASSERT(append_canonical_string(out, member->first) && "a key is UTF-8");
    out += ':';
    append(out, member->second);
  }
  out += '}';
}

void append(std::string& out, const Json& value) {
  switch (value.type()) {
    case Json::value_t::null: out += "null"; return;
    case Json::value_t::boolean: out += value.get<bool>() ? "true" : "false"; return;
    case Json::value_t::number_unsigned: {
      const auto n = value.get<std::uint64_t>();
      WRIT_ASSERT(n <= static_cast<std::uint64_t>(largest_json_integer));
      out += fmt::format_int(n).c_str();
      return;
    }
    case Json::value_t::number_integer: {
      const auto n = value.get<std::int64_t>();
      WRIT_ASSERT(n >= -largest_json_integer && n <= largest_json_integer);
      out += fmt::format_int(n).c_str();
      return;
    }
    case Json::value_t::number_float: out += canonical_number(value.get<double>()); return;
    case Json::value_t::string:
      WRIT_ASSERT(append_canonical_string(out, value.get_ref<const std::string&>()) && "a string is UTF-8");
      return;
    case Json::value_t::array: {
      out += '[';
      const char* between = "";
      for (const Json& item : value) {
        out += between;
        append(out, item);
        between = ",";
      }
      out += ']';
      return;
    }
    case Json::value_t::object: append_object(out, value.get_ref<const Json::object_t&>()); return;
    case Json::value_t::binary:
    case Json::value_t::discarded: break;
  }
  WRIT_ASSERT(false && "a JSON value");
}

}  // namespace

bool canonical_key_less(std::string_view a, std::string_view b) {
  const auto [x, y] = std::ranges::mismatch(a, b);
  if (x == a.end() || y == b.end()) return x == a.end() && y != b.end();
  return utf16_rank(*x) < utf16_rank(*y);
}

bool append_canonical_string(std::string& out, std::string_view text) {
  if (!is_utf8(text)) return false;
  out += '"';
  std::size_t plain = 0;  // where the run of characters that stand for themselves began
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && c != '"' && c != '\\') continue;
    out += text.substr(plain, i - plain);
    plain = i + 1;
    out += '\\';
    switch (c) {
      case '"': out += '"'; break;
      case '\\': out += '\\'; break;
      case '\b': out += 'b'; break;
      case '\t': out += 't'; break;
      case '\n': out += 'n'; break;
      case '\f': out += 'f'; break;
      case '\r': out += 'r'; break;
      default: out += fmt::format("u{:04x}", static_cast<unsigned>(byte));
    }
  }
  out += text.substr(plain);
  out += '"';
  return true;
}

// ECMAScript Number::toString (ECMA-262 6.1.6.1.20): the shortest digits that read back, laid out by the exponent.
std::string canonical_number(double value) {
  WRIT_ASSERT(std::isfinite(value));
  if (value == 0) return "0";
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, std::fabs(value), std::chars_format::scientific);
  const std::string_view shortest(buffer, end.ptr);  // d.ddde+XX
  const std::size_t e = shortest.find('e');
  std::string digits(1, shortest[0]);
  if (e > 2) digits += shortest.substr(2, e - 2);
  int exponent = 0;
  const char* const exponent_text = shortest.data() + e + (shortest[e + 1] == '+' ? 2 : 1);
  std::from_chars(exponent_text, end.ptr, exponent);

  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;  // the value is 0.digits * 10^point
  const std::string sign = value < 0 ? "-" : "";
  if (count <= point && point <= 21) return sign + digits + std::string(static_cast<std::size_t>(point - count), '0');
  if (0 < point && point <= 21) return sign + digits.insert(static_cast<std::size_t>(point), 1, '.');
  if (-6 < point && point <= 0) return sign + "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  if (count > 1) digits.insert(1, 1, '.');
  return fmt::format("{}{}e{:+}", sign, digits, exponent);
}

std::string canonical_json(const Json& value) {
  std::string out;
  append(out, value);
  return out;
}

Result<Json> parse_canonical(std::string_view text, JsonLimits limits) {
  WRIT_TRY(Json value, parse_json(text, limits));
  const std::string canonical = canonical_json(value);
  if (canonical != text) {
    const auto differs = std::ranges::mismatch(text, canonical).in1;
    return invalid("JSON is not in canonical form", fmt::format("byte {}", differs - text.begin() + 1),
                   "the form of RFC 8785");
  }
  return value;
}

}  // namespace writ
