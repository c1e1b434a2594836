// Limits: what bounds a grant besides its resource. Any grant may carry any of them; each may stand once.
//
//   uses=3          so many effects                      rate=10/s       a token bucket: that many at once, refilled evenly
//   bytes=10MiB     moved in all                         max_size=1MiB   of one object or file
//   time=30s        from the start of the task           expires=10min   from now, or RFC 3339: 2027-01-01T00:00:00Z
//   not_before=1h   nothing earlier; written as expires
//
// A grant of a kind of one's own has its fields besides, each of which it may bound:
//
//   amount=100      of each effect, which must say it        amount.total=500   of all together
//   fee=any         may be said, and is not bounded (in records: an operator leaves it out)
#pragma once

#include <array>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/clock.h"
#include "writ/base/result.h"
#include "writ/base/units.h"
#include "writ/effect/own_kind.h"
#include "writ/effect/vocabulary.h"

namespace writ::authority {

struct Rate {
  std::uint64_t count = 0;  // 1 .. max_rate_count
  Nanoseconds per{};        // 1 ns .. max_rate_period
  friend bool operator==(const Rate&, const Rate&) = default;
};
inline constexpr std::uint64_t max_rate_count = 1'000'000'000;              // one a nanosecond and a second
inline constexpr Nanoseconds max_rate_period = std::chrono::hours(24 * 366);  // a bucket's credit fits into 128 bits

struct FieldLimit {
  std::pmr::string name;
  std::optional<effect::Decimal> each, total;
  bool bounds() const { return each || total; }  // then an effect must say it
  friend bool operator==(const FieldLimit&, const FieldLimit&) = default;
};

struct Limits {
  std::optional<std::uint64_t> uses;
  std::optional<WallTime> expires;
  std::optional<Rate> rate;
  std::optional<ByteCount> bytes;
  std::optional<ByteCount> max_size;
  std::optional<Nanoseconds> time;
  std::optional<WallTime> not_before;
  std::pmr::vector<FieldLimit> fields;  // of a kind of one's own: all that an effect may say, in order, at most effect::max_fields

  bool empty() const { return *this == Limits{}; }
  bool has(effect::Limit) const;
  void clear(effect::Limit);
  Limits in(std::pmr::memory_resource*) const;  // a copy that lies there with all it has
  std::string text() const;  // ",uses=3,rate=10/s" in the order of the vocabulary; empty if there are none
  friend bool operator==(const Limits&, const Limits&) = default;
};

// Adds one NAME=VALUE. `now` is what a relative `expires` or `not_before` counts from.
Result<void> add_limit(Limits& limits, std::string_view name_and_value, WallTime now);
// The same of a field: nothing if it is not one of the kind's.
Result<bool> add_field_limit(Limits& limits, const effect::OwnKind& kind, std::string_view name_and_value);

struct LimitMeaning {
  std::string_view example, meaning;
};
inline constexpr std::array<LimitMeaning, effect::limit_names.size()> limit_meanings{{
    {"uses=3", "so many effects in all"},
    {"expires=10min", "until then; a time from now, or RFC 3339 such as 2027-01-01T00:00:00Z"},
    {"rate=10/s", "a token bucket: so many at once, refilled evenly over the time"},
    {"bytes=10MiB", "moved by all effects together"},
    {"max_size=1MiB", "of each object or file"},
    {"time=30s", "from the start of the task"},
    {"not_before=1h", "nothing before then; written as `expires` is"},
}};

}  // namespace writ::authority
