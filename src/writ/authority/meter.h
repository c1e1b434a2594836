// Meter: the budgets of one capability, and what is left of them: uses, bytes, a rate, and fields of a kind of one's own.
//
// What changes lies in Live, words that grow and never shrink, so that a copy of them that is a little old can only
// be too generous by what happened since, and two copies merge by taking the larger. They may lie in memory that several
// threads or processes share. A rate is a token bucket, kept as the time at which it would be full again (GCRA, ITU-T
// I.371), in a sixteenth of a nanosecond at the finest: an interval that is no multiple of that is rounded up, so a rate
// may be slower than it says by that much a token and never faster.
//
// They change with every use, so they cannot lie in memory that is sealed. Each is kept under a secret of its owner's: what
// a stray pointer makes of it, be it one bit, is a number far above every limit, and denies.
//
// Taking is lock-free and exact: never more than the limit. Where several budgets must all have room, a taker that finds
// one of them short gives the others back; who asks for the last of those at that very moment may be refused.
// Times are nanoseconds since a moment that the owner chose.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <vector>

#include "writ/authority/limits.h"

namespace writ::authority {

struct alignas(64) Live {
  std::atomic<std::uint64_t> standing{0};  // generation and state: capability_table.h
  std::atomic<std::uint64_t> uses{0}, bytes{0};
  std::atomic<std::uint64_t> full_at{0};   // of the bucket, in its units
  std::array<std::atomic<std::uint64_t>, effect::max_fields> fields{};  // millionths, by the order of Limits::fields
};
static_assert(sizeof(Live) == 64 && std::atomic<std::uint64_t>::is_always_lock_free);

// Under which the words of one owner lie: a number is kept as `number * factor + offset` modulo 2^64. So numbers are added
// and subtracted in one atomic instruction, and what is near in memory is far apart as a number.
class Secret {
 public:
  // Of 0: words are the numbers themselves.
  explicit constexpr Secret(std::uint64_t value) : offset_(value), factor_(value * 0x9e3779b97f4a7c15 | 1) {
    for (int bits = 3; bits < 64; bits *= 2) inverse_ *= 2 - factor_ * inverse_;  // Newton's iteration, right to 3 bits at first
  }
  static Secret random();
  std::uint64_t value() const { return offset_; }

  std::uint64_t of(std::uint64_t number) const { return number * factor_ + offset_; }
  std::uint64_t number(std::uint64_t raw) const { return (raw - offset_) * inverse_; }
  std::uint64_t load(const std::atomic<std::uint64_t>& word, std::memory_order order = std::memory_order_seq_cst) const {
    return number(word.load(order));
  }
  void store(std::atomic<std::uint64_t>& word, std::uint64_t number) const { word.store(of(number)); }
  void add(std::atomic<std::uint64_t>& word, std::uint64_t amount) const { word.fetch_add(amount * factor_); }
  void subtract(std::atomic<std::uint64_t>& word, std::uint64_t amount) const { word.fetch_sub(amount * factor_); }
  // Adds if the sum stays within the limit.
  bool add_within(std::atomic<std::uint64_t>&, std::uint64_t amount, std::uint64_t limit) const;
  void clear(Live&) const;  // all that is used: nothing
  // At least this. A word that nobody wrote yet (zero-filled memory) is 0.
  void raise(std::atomic<std::uint64_t>&, std::uint64_t to) const;

 private:
  std::uint64_t offset_, factor_, inverse_ = factor_;
};

// What one effect takes.
struct Amounts {
  Amounts(std::uint64_t moved) : bytes(moved) {}  // NOLINT: an effect without fields is a number
  Amounts(std::uint64_t moved, const effect::Fields& said) : bytes(moved), fields(&said) {}
  std::uint64_t bytes;
  const effect::Fields* fields = nullptr;  // null: none
};

// Which limits stand in the way. A field is named by its place in Limits::fields.
class Shortage {
 public:
  void add(effect::Limit l) { bits_ |= std::uint32_t{1} << static_cast<unsigned>(l); }
  void add_each(std::size_t field) { bits_ |= std::uint32_t{1} << (first_each + field); }
  void add_total(std::size_t field) { bits_ |= std::uint32_t{1} << (first_total + field); }
  void add(Shortage other) { bits_ |= other.bits_; }
  bool has(effect::Limit l) const { return bits_ >> static_cast<unsigned>(l) & 1; }
  bool has_each(std::size_t field) const { return bits_ >> (first_each + field) & 1; }
  bool has_total(std::size_t field) const { return bits_ >> (first_total + field) & 1; }
  bool none() const { return bits_ == 0; }
  friend bool operator==(Shortage, Shortage) = default;

 private:
  static constexpr std::size_t first_each = 16, first_total = 24;
  std::uint32_t bits_ = 0;
};

class Meter {
 public:
  Meter() = default;
  // Of these limits, those that `parent` does not bound as tightly: what it bounds, its own meter counts.
  Meter(const Limits& limits, const Limits& parent);
  Meter in(std::pmr::memory_resource*) const;  // a copy that lies there with all it has
  bool empty() const { return !uses_ && !bytes_ && !rate_ && fields_.empty(); }

  Shortage lacking(const Live&, Secret, const Amounts&, Nanoseconds now) const;  // decides, changes nothing
  // All or nothing. Not allowed: what was short.
  Shortage take(Live&, Secret, const Amounts&, Nanoseconds now) const;
  void give_back(Live&, Secret, const Amounts&) const;
  void start_empty(Live&, Secret, Nanoseconds now) const;  // the bucket: nothing at once

 private:
  struct Bucket {
    std::uint64_t scale = 1;     // units in a nanosecond
    std::uint64_t interval = 0;  // units a token
    std::uint64_t full = 0;      // units of the whole bucket
    explicit Bucket(const Rate&);
    std::uint64_t units(Nanoseconds now) const;
    bool has_token(std::uint64_t full_at, std::uint64_t now) const;
  };
  struct Budget {
    std::pmr::string name;
    std::size_t place;  // in Limits::fields
    std::uint64_t most;
  };
  explicit Meter(std::pmr::memory_resource* memory) : fields_(memory) {}
  static const effect::Decimal* said(const Amounts&, const Budget&);

  std::optional<std::uint64_t> uses_, bytes_;
  std::optional<Bucket> rate_;
  std::pmr::vector<Budget> fields_;
};

}  // namespace writ::authority
