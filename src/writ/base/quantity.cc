#include "writ/base/quantity.h"

#include <array>
#include <charconv>
#include <cmath>

namespace writ {
namespace {

struct Scale {
  std::string_view unit;
  std::uint64_t factor;
};
constexpr std::array<Scale, 7> sizes{{{"GiB", 1ull << 30}, {"GB", 1000000000}, {"MiB", 1 << 20}, {"MB", 1000000},
                                      {"KiB", 1 << 10}, {"KB", 1000}, {"B", 1}}};
constexpr std::array<Scale, 7> times{{{"d", 86400000000000}, {"h", 3600000000000}, {"min", 60000000000}, {"ms", 1000000},
                                      {"us", 1000}, {"ns", 1}, {"s", 1000000000}}};

// A decimal number times the unit's factor; exact or refused.
template <std::size_t N>
Result<std::uint64_t> parse(std::string_view text, const std::array<Scale, N>& scales, bool unit_needed, std::string_view kind,
                            std::string_view hint) {
  const auto bad = [&](std::string_view why) {
    return invalid(std::string(why) + " in the " + std::string(kind) + " \"" + std::string(text) + "\"", {}, std::string(hint));
  };
  std::size_t end = text.find_first_not_of("0123456789.");
  if (end == text.npos) end = text.size();
  const auto number = text.substr(0, end), unit = text.substr(end);
  if (number.empty() || number.front() == '.' || number.back() == '.') return bad("no number");
  std::uint64_t factor = 0;
  if (unit.empty() && !unit_needed) factor = 1;
  for (const auto& s : scales)
    if (s.unit == unit) factor = s.factor;
  if (factor == 0) return bad(unit.empty() ? "no unit" : "unknown unit");
  const auto dot = number.find('.');
  std::uint64_t whole = 0;
  const auto w = number.substr(0, dot);
  if (auto [p, e] = std::from_chars(w.data(), w.data() + w.size(), whole); e != std::errc() || p != w.data() + w.size())
    return bad("bad number");
  std::uint64_t total = 0;
  if (__builtin_mul_overflow(whole, factor, &total)) return bad("too large a number");
  if (dot != number.npos) {
    std::uint64_t scale = factor;
    for (char c : number.substr(dot + 1)) {
      if (c == '.') return bad("bad number");
      if (scale % 10 != 0 && c != '0') {  // 1.5KiB is exact although 1024 has no factor of 10
        const double exact = std::strtod(std::string(number).c_str(), nullptr) * static_cast<double>(factor);
        if (exact != std::floor(exact) || exact > 9.0e18) return bad("a fraction of the smallest unit");
        return static_cast<std::uint64_t>(exact);
      }
      scale /= 10;
      if (__builtin_add_overflow(total, scale * static_cast<std::uint64_t>(c - '0'), &total)) return bad("too large a number");
    }
  }
  return total;
}

template <std::size_t N>
std::string format(std::uint64_t v, const std::array<Scale, N>& scales) {
  for (const auto& s : scales)
    if (v != 0 && v % s.factor == 0) return std::to_string(v / s.factor) + std::string(s.unit);
  return "0" + std::string(scales.back().unit);
}

}  // namespace

Result<ByteCount> parse_size(std::string_view t) {
  WRIT_TRY(const auto v, parse(t, sizes, false, "size", "write for example 16MiB; units are B KB MB GB KiB MiB GiB"));
  return ByteCount(v);
}

Result<Nanoseconds> parse_time(std::string_view t) {
  WRIT_TRY(const auto v, parse(t, times, true, "time", "write for example 60s; units are ns us ms s min h d"));
  if (v > static_cast<std::uint64_t>(Nanoseconds::max().count())) return invalid("too long a time \"" + std::string(t) + "\"");
  return Nanoseconds(v);
}

std::string format_size(ByteCount b) {
  constexpr std::array<Scale, 4> binary{{{"GiB", 1ull << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}};
  return format(b.value(), binary);
}

std::string format_time(Nanoseconds n) {
  constexpr std::array<Scale, 7> ordered{{{"d", 86400000000000}, {"h", 3600000000000}, {"min", 60000000000}, {"s", 1000000000},
                                          {"ms", 1000000}, {"us", 1000}, {"ns", 1}}};
  return format(static_cast<std::uint64_t>(n.count()), ordered);
}

}  // namespace writ
