#include "writ/effect/compose.h"

#include <algorithm>

#include "writ/base/escape.h"

namespace writ::effect {
namespace {

// State and host files are different places, whatever their paths are.
bool same_place(Kind a, Kind b) {
  const auto form = word(a).resource;
  if (form != word(b).resource) return false;
  return form == ResourceForm::object_path || form == ResourceForm::host_path || a == b;
}

bool changes(Kind k) { return word(k).nature == Nature::staged || word(k).nature == Nature::outbound; }

std::string text(const Effect& e) {
  const auto [what, resource] = named(e);
  return std::string(what) + (resource.empty() ? "" : ":" + escape_for_terminal(resource));
}

bool before(const Effect& a, const Effect& b) { return a.resource != b.resource ? a.resource < b.resource : a.kind < b.kind; }

// What one says and the other does not is the one's.
void add(Fields& to, const Fields& more) {
  for (const auto& f : more) {
    const auto at = std::ranges::lower_bound(to, f.name, {}, &Field::name);
    if (at == to.end() || at->name != f.name) to.insert(at, f);
    else at->value = std::min(largest_decimal, Decimal{at->value.millionths + f.value.millionths});  // each is at most 2^63 - 1
  }
}

}  // namespace

bool overlap(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (!b.starts_with(a)) return false;
  return a.size() == b.size() || a.empty() || a.ends_with('/') || b[a.size()] == '/';
}

bool commute(const Effect& a, const Effect& b) {
  if (!changes(a.kind) && !changes(b.kind)) return true;
  return !same_place(a.kind, b.kind) || !overlap(a.resource, b.resource);
}

Result<Composed> compose(std::span<const Effect> effects) {
  std::vector<Effect> sorted(effects.begin(), effects.end());
  std::ranges::stable_sort(sorted, before);
  // What overlaps begins alike, so an effect is compared with those whose resource it begins, which come next; and with
  // the listings and folders that it lies in, which are kept open.
  std::vector<const Effect*> around;
  for (const auto& e : sorted) {
    std::erase_if(around, [&](const Effect* a) { return !e.resource.starts_with(a->resource); });
    for (const auto* a : around)
      if (!commute(*a, e))
        return Error{Code::conflict, text(*a) + " and " + text(e) + " do not commute: which comes first makes a difference", {},
                     "do them in two steps, or on different resources"};
    around.push_back(&e);
  }
  return join(effects);
}

Composed join(std::span<const Effect> effects) {
  Composed out;
  out.count = effects.size();
  std::vector<Effect> sorted(effects.begin(), effects.end());
  std::ranges::stable_sort(sorted, before);
  for (auto& e : sorted) {
    if (__builtin_add_overflow(out.bytes, e.bytes, &out.bytes)) out.bytes = UINT64_MAX;
    if (!out.parts.empty() && out.parts.back().kind == e.kind && out.parts.back().resource == e.resource) {
      auto& same = out.parts.back();
      if (__builtin_add_overflow(same.bytes, e.bytes, &same.bytes)) same.bytes = UINT64_MAX;
      same.size = std::max(same.size, e.size);
      add(same.fields, e.fields);
    } else {
      out.parts.push_back(std::move(e));
    }
  }
  return out;
}

}  // namespace writ::effect
