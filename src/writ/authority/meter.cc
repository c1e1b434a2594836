#include "writ/authority/meter.h"

#include <algorithm>
#include <numeric>

namespace writ::authority {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t finest_scale = 16;
constexpr std::uint64_t last_unit = std::uint64_t{1} << 62;  // time stands still here: eighteen years at the finest scale

// Adds if the sum stays within the limit.
bool add_within(std::atomic<std::uint64_t>& word, std::uint64_t amount, std::uint64_t limit) {
  std::uint64_t have = word.load(std::memory_order_relaxed);
  do {
    if (have > limit || amount > limit - have) return false;
  } while (!word.compare_exchange_weak(have, have + amount, std::memory_order_seq_cst));
  return true;
}

std::optional<std::uint64_t> tighter(const std::optional<ByteCount>& own, const std::optional<ByteCount>& parent) {
  if (!own || (parent && *parent <= *own)) return std::nullopt;
  return own->value();
}

}  // namespace

Meter::Bucket::Bucket(const Rate& r) {
  const auto per = static_cast<std::uint64_t>(r.per.count());
  scale = std::min(r.count / std::gcd(r.count, per), finest_scale);
  interval = static_cast<std::uint64_t>((Wide(per) * scale + r.count - 1) / r.count);
  full = interval * r.count;  // at most 16 times 366 days in nanoseconds, and a unit a token
}

std::uint64_t Meter::Bucket::units(Nanoseconds now) const {
  const auto passed = static_cast<std::uint64_t>(std::max<std::int64_t>(0, now.count()));
  return passed >= last_unit / scale ? last_unit : passed * scale;
}

Meter::Meter(const Limits& own, const Limits& parent) : bytes_(tighter(own.bytes, parent.bytes)) {
  if (own.uses && (!parent.uses || *own.uses < *parent.uses)) uses_ = own.uses;
  if (own.rate && own.rate != parent.rate) rate_.emplace(*own.rate);
  for (std::size_t i = 0; i < own.fields.size(); ++i) {
    const auto& f = own.fields[i];
    const auto above = std::ranges::find(parent.fields, f.name, &FieldLimit::name);
    const bool counted_above = above != parent.fields.end() && above->total && f.total && *above->total <= *f.total;
    if (f.total && !counted_above) fields_.push_back({f.name, i, f.total->millionths});
  }
}

const effect::Decimal* Meter::said(const Amounts& amounts, const Budget& budget) {
  return amounts.fields == nullptr ? nullptr : effect::find(*amounts.fields, budget.name);
}

Shortage Meter::lacking(const Live& live, const Amounts& amounts, Nanoseconds now) const {
  const auto bytes = amounts.bytes;
  Shortage short_of;
  for (const auto& f : fields_) {
    const auto have = live.fields[f.place].load(std::memory_order_relaxed);
    const auto* amount = said(amounts, f);
    if (amount == nullptr || have > f.most || amount->millionths > f.most - have) short_of.add_total(f.place);
  }
  if (uses_ && live.uses.load(std::memory_order_relaxed) >= *uses_) short_of.add(effect::Limit::uses);
  if (bytes_) {
    const auto have = live.bytes.load(std::memory_order_relaxed);
    if (have > *bytes_ || bytes > *bytes_ - have) short_of.add(effect::Limit::bytes);
  }
  if (rate_ && !rate_->has_token(live.full_at.load(std::memory_order_relaxed), rate_->units(now))) short_of.add(effect::Limit::rate);
  return short_of;
}

Shortage Meter::take(Live& live, const Amounts& amounts, Nanoseconds now) const {
  const auto bytes = amounts.bytes;
  Shortage short_of;
  std::size_t taken = 0;  // of fields_
  for (; taken < fields_.size() && short_of.none(); ++taken) {
    const auto* amount = said(amounts, fields_[taken]);
    if (amount != nullptr && add_within(live.fields[fields_[taken].place], amount->millionths, fields_[taken].most)) continue;
    short_of.add_total(fields_[taken].place);
    break;
  }
  if (uses_ && !add_within(live.uses, 1, *uses_)) short_of.add(effect::Limit::uses);
  const bool used = uses_ && short_of.none();
  if (bytes_ && !add_within(live.bytes, bytes, *bytes_)) short_of.add(effect::Limit::bytes);
  const bool moved = bytes_ && !short_of.has(effect::Limit::bytes);
  if (rate_ && short_of.none()) {
    const auto at = rate_->units(now);
    std::uint64_t full_at = live.full_at.load(std::memory_order_relaxed);
    do {
      if (!rate_->has_token(full_at, at)) short_of.add(effect::Limit::rate);
    } while (short_of.none() && !live.full_at.compare_exchange_weak(full_at, std::max(full_at, at) + rate_->interval,
                                                                    std::memory_order_seq_cst));
  }
  if (short_of.none()) return short_of;
  if (used) live.uses.fetch_sub(1);
  if (moved) live.bytes.fetch_sub(bytes);
  for (std::size_t i = 0; i < taken; ++i) live.fields[fields_[i].place].fetch_sub(said(amounts, fields_[i])->millionths);
  short_of.add(lacking(live, amounts, now));
  return short_of;
}

void Meter::give_back(Live& live, const Amounts& amounts) const {
  if (uses_) live.uses.fetch_sub(1);
  if (bytes_) live.bytes.fetch_sub(amounts.bytes);
  for (const auto& f : fields_)
    if (const auto* amount = said(amounts, f)) live.fields[f.place].fetch_sub(amount->millionths);
  if (rate_) live.full_at.fetch_sub(rate_->interval);
}

void Meter::start_empty(Live& live, Nanoseconds now) const {
  if (rate_) live.full_at.store(rate_->units(now) + rate_->full);
}

}  // namespace writ::authority
