#include "writ/base/rfc3339.h"

namespace writ {

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  constexpr std::string_view shape = "0000-00-00T00:00:00.000000000Z";
  if (text.size() != shape.size()) return std::nullopt;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (shape[i] == '0' ? !digit : text[i] != shape[i]) return std::nullopt;
  }
  const auto number = [&](std::size_t at, std::size_t length) {
    unsigned v = 0;
    for (const char c : text.substr(at, length)) v = v * 10 + static_cast<unsigned>(c - '0');
    return v;
  };
  const unsigned year = number(0, 4), hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
  const std::chrono::year_month_day day{std::chrono::year(static_cast<int>(year)), std::chrono::month(number(5, 2)),
                                        std::chrono::day(number(8, 2))};
  if (!day.ok() || year < 1970 || year > 2261 || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const Nanoseconds since = std::chrono::sys_days(day).time_since_epoch() + std::chrono::hours(hour) +
                            std::chrono::minutes(minute) + std::chrono::seconds(second) + Nanoseconds(number(20, 9));
  return WallTime{since.count()};
}

}  // namespace writ
