#include "writ/authority/meter.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "writ/base/random.h"

namespace writ::authority {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t finest_scale = 16;
constexpr std::uint64_t last_unit = std::uint64_t{1} << 62;  // time stands still here: eighteen years at the finest scale

std::optional<std::uint64_t> tighter(const std::optional<ByteCount>& own, const std::optional<ByteCount>& parent) {
  if (!own || (parent && *parent <= *own)) return std::nullopt;
  return own->value();
}

}  // namespace

Secret Secret::random() {
  std::array<std::byte, sizeof(std::uint64_t)> bytes{};
  fill_random(bytes);
  return Secret(std::bit_cast<std::uint64_t>(bytes));
}

bool Secret::add_within(std::atomic<std::uint64_t>& word, std::uint64_t amount, std::uint64_t limit) const {
  std::uint64_t raw = word.load(std::memory_order_relaxed);
  do {
    const std::uint64_t have = number(raw);
    if (have > limit || amount > limit - have) return false;
  } while (!word.compare_exchange_weak(raw, raw + amount * factor_, std::memory_order_seq_cst));
  return true;
}

void Secret::clear(Live& live) const {
  for (auto* word : {&live.uses, &live.bytes, &live.full_at}) store(*word, 0);
  for (auto& word : live.fields) store(word, 0);
}

void Secret::raise(std::atomic<std::uint64_t>& word, std::uint64_t to) const {
  std::uint64_t raw = word.load();
  do {
    if (raw != 0 && number(raw) >= to) return;
  } while (!word.compare_exchange_weak(raw, of(to)));
}

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

// What is further away than a full bucket was never written by us.
bool Meter::Bucket::has_token(std::uint64_t full_at, std::uint64_t now) const {
  const std::uint64_t later = full_at > now ? full_at - now : 0;
  return later <= full && later + interval <= full;
}

Meter Meter::in(std::pmr::memory_resource* memory) const {
  Meter m(memory);
  m.uses_ = uses_;
  m.bytes_ = bytes_;
  m.rate_ = rate_;
  m.fields_.reserve(fields_.size());
  for (const Budget& b : fields_) m.fields_.push_back({std::pmr::string(b.name, memory), b.place, b.most});
  return m;
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

Shortage Meter::lacking(const Live& live, Secret secret, const Amounts& amounts, Nanoseconds now) const {
  const auto bytes = amounts.bytes;
  Shortage short_of;
  for (const auto& f : fields_) {
    const auto have = secret.load(live.fields[f.place], std::memory_order_relaxed);
    const auto* amount = said(amounts, f);
    if (amount == nullptr || have > f.most || amount->millionths > f.most - have) short_of.add_total(f.place);
  }
  if (uses_ && secret.load(live.uses, std::memory_order_relaxed) >= *uses_) short_of.add(effect::Limit::uses);
  if (bytes_) {
    const auto have = secret.load(live.bytes, std::memory_order_relaxed);
    if (have > *bytes_ || bytes > *bytes_ - have) short_of.add(effect::Limit::bytes);
  }
  if (rate_ && !rate_->has_token(secret.load(live.full_at, std::memory_order_relaxed), rate_->units(now))) short_of.add(effect::Limit::rate);
  return short_of;
}

Shortage Meter::take(Live& live, Secret secret, const Amounts& amounts, Nanoseconds now) const {
  const auto bytes = amounts.bytes;
  Shortage short_of;
  std::size_t taken = 0;  // of fields_
  for (; taken < fields_.size() && short_of.none(); ++taken) {
    const auto* amount = said(amounts, fields_[taken]);
    if (amount != nullptr && secret.add_within(live.fields[fields_[taken].place], amount->millionths, fields_[taken].most)) continue;
    short_of.add_total(fields_[taken].place);
    break;
  }
  if (uses_ && !secret.add_within(live.uses, 1, *uses_)) short_of.add(effect::Limit::uses);
  const bool used = uses_ && short_of.none();
  if (bytes_ && !secret.add_within(live.bytes, bytes, *bytes_)) short_of.add(effect::Limit::bytes);
  const bool moved = bytes_ && !short_of.has(effect::Limit::bytes);
  if (rate_ && short_of.none()) {
    const auto at = rate_->units(now);
    std::uint64_t raw = live.full_at.load(std::memory_order_relaxed), next = 0;
    do {
      const std::uint64_t full_at = secret.number(raw);
      if (!rate_->has_token(full_at, at)) short_of.add(effect::Limit::rate);
      next = secret.of(std::max(full_at, at) + rate_->interval);
    } while (short_of.none() && !live.full_at.compare_exchange_weak(raw, next, std::memory_order_seq_cst));
  }
  if (short_of.none()) return short_of;
  if (used) secret.subtract(live.uses, 1);
  if (moved) secret.subtract(live.bytes, bytes);
  for (std::size_t i = 0; i < taken; ++i) secret.subtract(live.fields[fields_[i].place], said(amounts, fields_[i])->millionths);
  short_of.add(lacking(live, secret, amounts, now));
  return short_of;
}

void Meter::give_back(Live& live, Secret secret, const Amounts& amounts) const {
  if (uses_) secret.subtract(live.uses, 1);
  if (bytes_) secret.subtract(live.bytes, amounts.bytes);
  for (const auto& f : fields_)
    if (const auto* amount = said(amounts, f)) secret.subtract(live.fields[f.place], amount->millionths);
  if (rate_) secret.subtract(live.full_at, rate_->interval);
}

void Meter::start_empty(Live& live, Secret secret, Nanoseconds now) const {
  if (rate_) secret.store(live.full_at, rate_->units(now) + rate_->full);
}

}  // namespace writ::authority
