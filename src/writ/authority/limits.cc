#include "writ/authority/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "writ/base/escape.h"
#include "writ/base/nearest.h"
#include "writ/base/quantity.h"

namespace writ::authority {
namespace {

using effect::Limit;

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<std::uint64_t> parse_uses(std::string_view text) {
  const auto n = whole_number(text);
  if (!n) return invalid("`uses` is not a whole number", {}, "write for example uses=3");
  if (*n == 0) return invalid("`uses=0` would grant nothing", {}, "leave the grant out, or write uses=1");
  return *n;
}

Result<Nanoseconds> parse_duration(std::string_view text) {
  WRIT_TRY(const auto time, parse_time(text));
  if (time.count() == 0) return invalid("a `time` of nothing would grant nothing", {}, "write for example time=30s");
  return time;
}

Result<Rate> parse_rate(std::string_view text) {
  const auto bad = [] { return invalid("`rate` is not COUNT/TIME", {}, "write for example rate=10/s or rate=100/5min"); };
  const auto slash = text.find('/');
  if (slash == text.npos || slash + 1 == text.size()) return bad();
  const auto count = whole_number(text.substr(0, slash));
  if (!count) return bad();
  std::string per(text.substr(slash + 1));
  if (per[0] < '0' || per[0] > '9') per.insert(0, "1");
  const auto time = parse_time(per);
  if (!time) return bad();
  if (*count == 0 || *count > max_rate_count) return invalid(fmt::format("the count of `rate` is not 1 to {}", max_rate_count));
  if (time->count() < 1 || *time > max_rate_period) return invalid("the time of `rate` is not 1ns to 366d");
  return Rate{*count, *time};
}

// Days since 1970-01-01 in the Gregorian calendar (Hinnant, days_from_civil).
std::int64_t days_from_civil(std::int64_t y, std::int64_t m, std::int64_t d) {
  y -= m <= 2;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400, year = y - era * 400;
  const std::int64_t day = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  return era * 146097 + year * 365 + year / 4 - year / 100 + day - 719468;
}

// RFC 3339 section 5.6, upper-case T and Z; leap seconds do not exist on our clocks.
std::optional<WallTime> parse_instant(std::string_view text) {
  const auto number = [&](std::size_t at, std::size_t digits, std::int64_t low,
                          std::int64_t high) -> std::optional<std::int64_t> {
    if (text.size() < at + digits) return std::nullopt;
    const auto field = text.substr(at, digits);
    const auto n = field.find_first_not_of("0123456789") == field.npos ? whole_number(field) : std::nullopt;
    if (!n || static_cast<std::int64_t>(*n) < low || static_cast<std::int64_t>(*n) > high) return std::nullopt;
    return static_cast<std::int64_t>(*n);
  };
  const auto is = [&](std::size_t at, char c) { return at < text.size() && text[at] == c; };
  const auto year = number(0, 4, 1678, 2261), month = number(5, 2, 1, 12), day = number(8, 2, 1, 31);  // what fits into 64 bits
  const auto hour = number(11, 2, 0, 23), minute = number(14, 2, 0, 59), second = number(17, 2, 0, 59);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (!is(4, '-') || !is(7, '-') || !is(10, 'T') || !is(13, ':') || !is(16, ':')) return std::nullopt;
  const std::int64_t days = days_from_civil(*year, *month, *day);
  const std::int64_t next_month = *month == 12 ? days_from_civil(*year + 1, 1, 1) : days_from_civil(*year, *month + 1, 1);
  if (days >= next_month) return std::nullopt;
  std::size_t at = 19;
  std::int64_t fraction = 0;
  if (is(at, '.')) {
    const std::size_t begin = ++at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    if (at == begin || at - begin > 9) return std::nullopt;
    std::string digits(text.substr(begin, at - begin));
    digits.resize(9, '0');
    fraction = static_cast<std::int64_t>(*whole_number(digits));
  }
  std::int64_t offset = 0;
  if (is(at, 'Z')) {
    ++at;
  } else {
    const auto hours = number(at + 1, 2, 0, 23), minutes = number(at + 4, 2, 0, 59);
    if (!(is(at, '+') || is(at, '-')) || !is(at + 3, ':') || !hours || !minutes) return std::nullopt;
    offset = (text[at] == '-' ? -1 : 1) * (*hours * 3600 + *minutes * 60);
    at += 6;
  }
  if (at != text.size()) return std::nullopt;
  return WallTime{(days * 86400 + *hour * 3600 + *minute * 60 + *second - offset) * 1'000'000'000 + fraction};
}

Result<WallTime> parse_moment(std::string_view name, std::string_view text, WallTime now) {
  if (const auto instant = parse_instant(text)) return *instant;
  const auto from_now = parse_time(text);
  if (!from_now)
    return invalid(fmt::format("`{}` is neither a time from now nor an instant", name), {},
                   fmt::format("write {0}=10min or {0}=2027-01-01T00:00:00Z", name));
  WallTime end;
  if (__builtin_add_overflow(now.ns, from_now->count(), &end.ns)) return invalid(fmt::format("`{}` is too far away", name));
  return end;
}

Result<void> set_value(Limits& limits, Limit limit, std::string_view value, WallTime now) {
  switch (limit) {
    case Limit::uses: { WRIT_TRY(limits.uses, parse_uses(value)); return {}; }
    case Limit::expires: { WRIT_TRY(limits.expires, parse_moment("expires", value, now)); return {}; }
    case Limit::rate: { WRIT_TRY(limits.rate, parse_rate(value)); return {}; }
    case Limit::bytes: { WRIT_TRY(limits.bytes, parse_size(value)); return {}; }
    case Limit::max_size: { WRIT_TRY(limits.max_size, parse_size(value)); return {}; }
    case Limit::time: { WRIT_TRY(limits.time, parse_duration(value)); return {}; }
    case Limit::not_before: { WRIT_TRY(limits.not_before, parse_moment("not_before", value, now)); return {}; }
  }
  std::unreachable();
}

std::string rate_text(const Rate& r) {
  const auto per = format_time(r.per);  // "1s" is written "s"
  const bool one = per[0] == '1' && (per[1] < '0' || per[1] > '9');
  return fmt::format("{}/{}", r.count, one ? per.substr(1) : per);
}

}  // namespace

bool Limits::has(Limit limit) const {
  switch (limit) {
    case Limit::uses: return uses.has_value();
    case Limit::expires: return expires.has_value();
    case Limit::rate: return rate.has_value();
    case Limit::bytes: return bytes.has_value();
    case Limit::max_size: return max_size.has_value();
    case Limit::time: return time.has_value();
    case Limit::not_before: return not_before.has_value();
  }
  std::unreachable();
}

void Limits::clear(Limit limit) {
  switch (limit) {
    case Limit::uses: uses.reset(); return;
    case Limit::expires: expires.reset(); return;
    case Limit::rate: rate.reset(); return;
    case Limit::bytes: bytes.reset(); return;
    case Limit::max_size: max_size.reset(); return;
    case Limit::time: time.reset(); return;
    case Limit::not_before: not_before.reset(); return;
  }
}

Limits Limits::in(std::pmr::memory_resource* memory) const {
  Limits l{.uses = uses, .expires = expires, .rate = rate, .bytes = bytes, .max_size = max_size, .time = time, .not_before = not_before,
           .fields = std::pmr::vector<FieldLimit>(memory)};
  l.fields.reserve(fields.size());
  for (const FieldLimit& f : fields) l.fields.push_back({std::pmr::string(f.name, memory), f.each, f.total});
  return l;
}

std::string Limits::text() const {
  std::string out;
  if (uses) out += fmt::format(",uses={}", *uses);
  if (expires) out += ",expires=" + rfc3339(*expires);
  if (rate) out += ",rate=" + rate_text(*rate);
  if (bytes) out += ",bytes=" + format_size(*bytes);
  if (max_size) out += ",max_size=" + format_size(*max_size);
  if (time) out += ",time=" + format_time(*time);
  if (not_before) out += ",not_before=" + rfc3339(*not_before);
  for (const auto& f : fields) {
    if (!f.bounds()) out += fmt::format(",{}=any", f.name);
    if (f.each) out += fmt::format(",{}={}", f.name, effect::text(*f.each));
    if (f.total) out += fmt::format(",{}.total={}", f.name, effect::text(*f.total));
  }
  return out;
}

Result<void> add_limit(Limits& limits, std::string_view text, WallTime now) {
  const auto equals = text.find('=');
  const auto name = text.substr(0, equals);
  for (std::size_t i = 0; i < effect::limit_names.size(); ++i) {
    if (effect::limit_names[i] != name) continue;
    const auto limit = static_cast<Limit>(i);
    if (equals == text.npos || equals + 1 == text.size())
      return invalid(fmt::format("the limit `{}` has no value", name), {},
                     fmt::format("write for example {}", limit_meanings[i].example));
    if (limits.has(limit)) return invalid(fmt::format("the limit `{}` is given twice", name), {}, "give it once");
    return set_value(limits, limit, text.substr(equals + 1), now);
  }
  const auto near = nearest(name, effect::limit_names);
  return invalid(fmt::format("unknown limit `{}`", escape_for_terminal(name)), {},
                 near ? fmt::format("did you mean `{}`?", *near)
                      : fmt::format("limits are {}; a comma that belongs to the resource is written %2C",
                                    fmt::join(effect::limit_names, ", ")));
}

Result<bool> add_field_limit(Limits& limits, const effect::OwnKind& kind, std::string_view text) {
  const auto equals = std::min(text.find('='), text.size());
  auto name = text.substr(0, equals);
  const bool total = name.ends_with(".total");
  if (total) name.remove_suffix(6);
  if (std::ranges::find(kind.fields, name) == kind.fields.end()) return false;
  auto field = std::ranges::lower_bound(limits.fields, name, {}, &FieldLimit::name);
  if (field == limits.fields.end() || field->name != name) field = limits.fields.insert(field, {std::pmr::string(name), {}, {}});
  auto& bound = total ? field->total : field->each;
  if (bound) return invalid(fmt::format("the field `{}` is given twice", text.substr(0, equals)), {}, "give it once");
  const auto value = text.substr(std::min(equals + 1, text.size()));
  if (value == "any" && !total) return true;
  WRIT_TRY(bound, effect::parse_decimal(value));
  return true;
}

}  // namespace writ::authority
