#include "moment.h"

#include <chrono>
#include <charconv>

#include "writ/base/quantity.h"

namespace writ::cli {
namespace {

// `count` digits at `at`, moved past them.
bool take_number(std::string_view& text, std::size_t count, int& out) {
  if (text.size() < count) return false;
  for (const char c : text.substr(0, count))
    if (c < '0' || c > '9') return false;
  std::from_chars(text.data(), text.data() + count, out);
  text.remove_prefix(count);
  return true;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// The date and time of RFC 3339 in UTC, seconds and their fraction optional after a date.
bool parse_date(std::string_view text, WallTime& out) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!take_number(text, 4, year) || !take(text, '-') || !take_number(text, 2, month) || !take(text, '-') ||
      !take_number(text, 2, day))
    return false;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  std::int64_t fraction = 0;
  if (!text.empty()) {
    if (!take(text, 'T') || !take_number(text, 2, hour) || !take(text, ':') || !take_number(text, 2, minute) ||
        !take(text, ':') || !take_number(text, 2, second))
      return false;
    if (hour > 23 || minute > 59 || second > 60) return false;
    if (take(text, '.')) {
      std::int64_t unit = 100'000'000;
      if (text.empty() || text[0] < '0' || text[0] > '9') return false;
      for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), unit /= 10)
        fraction += (text[0] - '0') * unit;
    }
    if (text != "Z") return false;
  }
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  out.ns = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1'000'000'000 + fraction;
  return year >= 1970 && year <= 2200;
}

}  // namespace

Result<WallTime> parse_moment(std::string_view text, WallTime now, std::string_view where) {
  WallTime moment;
  if (parse_date(text, moment)) return moment;
  if (const auto age = parse_time(text)) return WallTime{now.ns - age->count()};
  return invalid("not a time: \"" + std::string(text) + "\"", std::string(where),
                 "2026-11-21, 2026-11-21T03:00:00Z, or an age such as 2h");
}

}  // namespace writ::cli
