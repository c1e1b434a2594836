#include "writ/authority/lattice.h"

#include <algorithm>

#include "writ/authority/inclusion.h"
#include "writ/base/escape.h"

namespace writ::authority {
namespace {

__extension__ using Wide = unsigned __int128;

Wide product(std::uint64_t count, Nanoseconds per) { return Wide(count) * static_cast<std::uint64_t>(per.count()); }
// a refills no faster than b.
bool no_faster(const Rate& a, const Rate& b) { return product(a.count, b.per) <= product(b.count, a.per); }

template <class T>
bool at_most(const std::optional<T>& narrow, const std::optional<T>& wide) {
  return !wide || (narrow && *narrow <= *wide);
}

template <class T>
std::optional<T> smaller(const std::optional<T>& a, const std::optional<T>& b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

Rate meet(const Rate& a, const Rate& b) {
  const Rate& slow = no_faster(a, b) ? a : b;
  Rate both{std::min(a.count, b.count), slow.per};
  if (both.count == slow.count) return both;
  // as many at once as the other, no faster than the slow one; the nanosecond is rounded up
  const Wide per = (product(both.count, slow.per) + slow.count - 1) / slow.count;
  both.per = Nanoseconds(static_cast<std::int64_t>(std::max<Wide>(per, 1)));
  return both;
}

const FieldLimit* find(const std::pmr::vector<FieldLimit>& all, std::string_view name) {
  const auto found = std::ranges::find(all, name, &FieldLimit::name);
  return found == all.end() ? nullptr : &*found;
}

// All that narrow ones may say, wide ones may; and they say what wide ones bound, within it.
bool covers(const std::pmr::vector<FieldLimit>& wide, const std::pmr::vector<FieldLimit>& narrow) {
  const bool known = std::ranges::all_of(narrow, [&](const FieldLimit& f) { return find(wide, f.name) != nullptr; });
  return known && std::ranges::all_of(wide, [&](const FieldLimit& w) {
    if (!w.bounds()) return true;
    const auto* n = find(narrow, w.name);
    return n != nullptr && at_most(n->each, w.each) && at_most(n->total, w.total);
  });
}

// What one bounds and the other does not know is in no effect that both cover.
bool are_apart(const std::pmr::vector<FieldLimit>& a, const std::pmr::vector<FieldLimit>& b) {
  const auto lacks = [](const auto& one, const auto& other) {
    return std::ranges::any_of(one, [&](const FieldLimit& f) { return f.bounds() && find(other, f.name) == nullptr; });
  };
  return lacks(a, b) || lacks(b, a);
}

std::pmr::vector<FieldLimit> meet(const std::pmr::vector<FieldLimit>& a, const std::pmr::vector<FieldLimit>& b) {
  std::pmr::vector<FieldLimit> both;
  for (const auto& f : a)
    if (const auto* other = find(b, f.name)) both.push_back({f.name, smaller(f.each, other->each), smaller(f.total, other->total)});
  return both;
}

// Without those that others imply. What actors resolve beneath comes first: the longest root.
std::vector<Pattern> reduce(std::vector<Pattern> all) {
  for (std::size_t i = 0; i < all.size();) {
    bool implied = false;
    for (std::size_t j = 0; j < all.size() && !implied; ++j)
      implied = i != j && includes(all[i], std::span(&all[j], 1));
    if (implied) all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
    else ++i;
  }
  std::ranges::sort(all, {}, &Pattern::text);
  std::ranges::stable_sort(all, std::ranges::greater(), [](const Pattern& p) { return p.root().size(); });
  return all;
}

}  // namespace

bool covers(const Limits& wide, const Limits& narrow) {
  const bool rate = !wide.rate || (narrow.rate && narrow.rate->count <= wide.rate->count && no_faster(*narrow.rate, *wide.rate));
  const bool start = !wide.not_before || (narrow.not_before && *narrow.not_before >= *wide.not_before);
  return rate && start && at_most(narrow.uses, wide.uses) && at_most(narrow.expires, wide.expires) &&
         at_most(narrow.bytes, wide.bytes) && at_most(narrow.max_size, wide.max_size) && at_most(narrow.time, wide.time) &&
         covers(wide.fields, narrow.fields);
}

bool covers(const Grant& wide, const Grant& narrow) {
  if (wide.kind != narrow.kind || !covers(wide.limits, narrow.limits)) return false;
  const auto inner = narrow.resources();
  return std::ranges::all_of(wide.resources(), [&](const Pattern& p) { return includes(p, inner); });
}

Limits meet(const Limits& a, const Limits& b) {
  Limits both;
  both.uses = smaller(a.uses, b.uses);
  both.expires = smaller(a.expires, b.expires);
  both.rate = a.rate && b.rate ? std::optional(meet(*a.rate, *b.rate)) : a.rate ? a.rate : b.rate;
  both.bytes = smaller(a.bytes, b.bytes);
  both.max_size = smaller(a.max_size, b.max_size);
  both.time = smaller(a.time, b.time);
  both.fields = meet(a.fields, b.fields);
  both.not_before = a.not_before && b.not_before ? std::max(a.not_before, b.not_before) : a.not_before ? a.not_before : b.not_before;
  return both;
}

Result<Grant> meet(const Grant& a, const Grant& b) {
  const auto nothing = [&](std::string hint) {
    return Error{Code::denied, "nothing is in both", escape_for_terminal(a.text()) + " and " + escape_for_terminal(b.text()), std::move(hint)};
  };
  if (a.kind != b.kind) return nothing("a capability narrows to its own effect, " + std::string(effect::name(a.kind)));
  if (are_apart(a.limits.fields, b.limits.fields)) return nothing("name fields that the first one has");
  Grant both{.kind = a.kind, .resource = {}, .within = {}, .limits = meet(a.limits, b.limits)};
  auto all = a.resources();
  for (auto& p : b.resources()) all.push_back(std::move(p));
  if (all.empty()) return both;
  if (is_empty(all)) return nothing("name resources that the first one covers");
  all = reduce(std::move(all));
  if (all.size() > max_within + 1)
    return Error{Code::exhausted, "more patterns at once than a grant holds", escape_for_terminal(b.text()), "narrow to one plain path"};
  both.resource = std::move(all.front());
  both.within.assign(std::make_move_iterator(all.begin() + 1), std::make_move_iterator(all.end()));
  return both;
}

}  // namespace writ::authority
