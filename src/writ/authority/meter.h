// Meter: the budgets of one capability, and what is left of them: uses, bytes, and a rate.
//
// What changes lies in Live, four words that grow and never shrink, so that a copy of them that is a little old can only
// be too generous by what happened since, and two copies merge by taking the larger. They may lie in memory that several
// threads or processes share. A rate is a token bucket, kept as the time at which it would be full again (GCRA, ITU-T
// I.371), in a sixteenth of a nanosecond at the finest: an interval that is no multiple of that is rounded up, so a rate
// may be slower than it says by that much a token and never faster.
//
// Taking is lock-free and exact: never more than the limit. Where several budgets must all have room, a taker that finds
// one of them short gives the others back; who asks for the last of those at that very moment may be refused.
// Times are nanoseconds since a moment that the owner chose.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>

#include "writ/authority/limits.h"

namespace writ::authority {

struct alignas(64) Live {
  std::atomic<std::uint64_t> standing{0};  // generation and state: capability_table.h
  std::atomic<std::uint64_t> uses{0}, bytes{0};
  std::atomic<std::uint64_t> full_at{0};   // of the bucket, in its units
};
static_assert(sizeof(Live) == 64 && std::atomic<std::uint64_t>::is_always_lock_free);

// Which limits stand in the way.
class Shortage {
 public:
  void add(effect::Limit l) { bits_ |= static_cast<std::uint8_t>(1U << static_cast<unsigned>(l)); }
  void add(Shortage other) { bits_ |= other.bits_; }
  bool has(effect::Limit l) const { return bits_ >> static_cast<unsigned>(l) & 1; }
  bool none() const { return bits_ == 0; }
  friend bool operator==(Shortage, Shortage) = default;

 private:
  std::uint8_t bits_ = 0;
};

class Meter {
 public:
  Meter() = default;
  // Of these limits, those that `parent` does not bound as tightly: what it bounds, its own meter counts.
  Meter(const Limits& limits, const Limits& parent);
  bool empty() const { return !uses_ && !bytes_ && !rate_; }

  Shortage lacking(const Live&, std::uint64_t bytes, Nanoseconds now) const;  // decides, changes nothing
  // All or nothing. Not allowed: what was short.
  Shortage take(Live&, std::uint64_t bytes, Nanoseconds now) const;
  void give_back(Live&, std::uint64_t bytes) const;
  void start_empty(Live&, Nanoseconds now) const;  // the bucket: nothing at once

 private:
  struct Bucket {
    std::uint64_t scale = 1;     // units in a nanosecond
    std::uint64_t interval = 0;  // units a token
    std::uint64_t full = 0;      // units of the whole bucket
    explicit Bucket(const Rate&);
    std::uint64_t units(Nanoseconds now) const;
    bool has_token(std::uint64_t full_at, std::uint64_t now) const { return std::max(full_at, now) + interval - now <= full; }
  };
  std::optional<std::uint64_t> uses_, bytes_;
  std::optional<Bucket> rate_;
};

}  // namespace writ::authority
