// What children of a capability are: pure decisions, for the table and for who keeps capabilities elsewhere.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "writ/authority/capability_table.h"
#include "writ/authority/lattice.h"
#include "writ/base/escape.h"

namespace writ::authority {
namespace {

Result<Capability> child(const Capability& from, Handle parent, Origin origin) {
  if (from.depth + 1 >= max_depth)
    return Error{Code::exhausted, fmt::format("a capability of {} ancestors", max_depth), {}, "derive it from one that is nearer to the root"};
  return Capability{.grant = from.grant, .origin = origin, .parent = parent, .depth = from.depth + 1, .holder = from.holder,
                    .minted = from.minted};
}

// Shares of one budget: each part says its own, and together they are no more than what is left.
template <class T, class Number>
Result<void> check_shares(std::string_view name, const std::optional<T>& left, std::span<const Limits> parts,
                          std::optional<T> Limits::*budget, Number number) {
  std::uint64_t sum = 0;
  for (const auto& part : parts) {
    if (!left) continue;  // not bounded: a part may be
    if (!(part.*budget))
      return invalid(fmt::format("a part does not say its share of `{}`", name), {}, fmt::format("write {}=... in each part", name));
    if (__builtin_add_overflow(sum, number(*(part.*budget)), &sum)) sum = UINT64_MAX;
  }
  if (left && sum > number(*left))
    return Error{Code::denied, fmt::format("the parts' `{}` are {} together, and {} is left", name, sum, number(*left)), {}, "ask for less"};
  return {};
}

// A part names its share of a field's total; what it does not say of a field is as in the whole.
Result<void> check_fields(const std::pmr::vector<FieldLimit>& left, std::span<const Limits> parts) {
  for (const auto& whole : left) {
    std::uint64_t sum = 0;
    for (const auto& part : parts) {
      if (!whole.total) continue;
      const auto share = std::ranges::find(part.fields, whole.name, &FieldLimit::name);
      if (share == part.fields.end() || !share->total)
        return invalid(fmt::format("a part does not say its share of `{}.total`", whole.name), {},
                       fmt::format("write {}.total=... in each part", whole.name));
      if (__builtin_add_overflow(sum, share->total->millionths, &sum)) sum = UINT64_MAX;
    }
    if (whole.total && sum > whole.total->millionths)
      return Error{Code::denied, fmt::format("the parts' `{}.total` are {} together, and {} is left", whole.name,
                                             effect::text(effect::Decimal{sum}), effect::text(*whole.total)), {}, "ask for less"};
  }
  return {};
}

// Fields that a part does not name are as they were.
Limits with_fields_of(Limits part, const Limits& whole) {
  for (const auto& f : whole.fields)
    if (std::ranges::find(part.fields, f.name, &FieldLimit::name) == part.fields.end())
      part.fields.insert(std::ranges::lower_bound(part.fields, f.name, {}, &FieldLimit::name), {f.name, {}, {}});
  return part;
}

Result<void> check_rates(const std::optional<Rate>& whole, std::span<const Limits> parts) {
  if (!whole) return {};
  for (const auto& part : parts)
    if (part.rate && part.rate->per != whole->per)
      return invalid("a part's `rate` is over another time than the whole", {}, "write COUNT over the same time");
  return check_shares("rate", whole, parts, &Limits::rate, [](const Rate& r) { return r.count; });
}

}  // namespace

std::string text(Handle h) { return fmt::format("{}.{}", h.index, h.generation); }

Result<Handle> parse_handle(std::string_view text) {
  Handle h;
  const auto dot = text.find('.');
  const auto number = [](std::string_view digits, std::uint32_t& out) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  if (dot != text.npos && number(text.substr(0, dot), h.index) && number(text.substr(dot + 1), h.generation) && authority::text(h) == text)
    return h;
  return invalid("not a capability: \"" + escape_for_terminal(text) + "\"", {}, "write its handle, such as 7.1; writ cap ls lists them");
}

std::string_view name(Origin o) {
  constexpr std::array<std::string_view, 4> names{"minted", "attenuated", "split", "delegated"};
  return names[static_cast<std::size_t>(o)];
}

std::string_view name(Standing s) {
  constexpr std::array<std::string_view, 4> names{"unknown", "active", "consumed", "revoked"};
  return names[static_cast<std::size_t>(s)];
}

Result<Capability> attenuated(const Capability& from, Handle parent, const Grant& to) {
  WRIT_TRY(auto made, child(from, parent, Origin::attenuated));
  WRIT_TRY(made.grant, meet(from.grant, to));
  return made;
}

Result<Capability> delegated(const Capability& from, Handle parent, std::string holder) {
  if (holder.empty() || holder.size() > max_holder || escape_for_terminal(holder) != holder)
    return invalid(fmt::format("not a holder: \"{}\"", escape_for_terminal(holder)), {}, "a name of 1 to 128 printable characters");
  if (!from.holder.empty() && from.holder != std::string_view(holder))
    return Error{Code::denied, "it is bound to another holder", escape_for_terminal(from.holder), "a bound capability stays with its holder"};
  WRIT_TRY(auto made, child(from, parent, Origin::delegated));
  made.holder = holder;
  return made;
}

Result<std::vector<Capability>> split(const Capability& from, Handle parent, const Limits& left, std::span<const Limits> parts) {
  if (parts.size() < 2) return invalid("a split has at least two parts", {}, "to narrow one capability, attenuate it");
  WRIT_CHECK(check_shares("uses", left.uses, parts, &Limits::uses, [](std::uint64_t n) { return n; }));
  WRIT_CHECK(check_shares("bytes", left.bytes, parts, &Limits::bytes, [](ByteCount n) { return n.value(); }));
  WRIT_CHECK(check_rates(left.rate, parts));
  WRIT_CHECK(check_fields(left.fields, parts));
  std::vector<Capability> made;
  for (const auto& part : parts) {
    WRIT_TRY(auto one, child(from, parent, Origin::split));
    one.grant.limits = meet(from.grant.limits, with_fields_of(part, from.grant.limits));
    made.push_back(std::move(one));
  }
  return made;
}

}  // namespace writ::authority
