#include "writ/authority/explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "writ/authority/grant.h"
#include "writ/base/assert.h"
#include "writ/base/escape.h"

namespace writ::authority {
namespace {

using effect::Limit;
using effect::Refusal;

std::string literal_text(effect::Kind kind, const std::string& resource, const effect::Fields& fields = {}) {
  auto grant = literal_grant(kind, resource);
  if (!grant) return {};
  for (const auto& f : fields) grant->limits.fields.push_back({std::pmr::string(f.name), f.value, {}});
  return grant->text();
}

std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

// By as much as the refused effects need at most: what was used before is not more than the limit. Where the entry does
// not say how much that is (instants), the limit is left out. The grant has the limit.
void raise(Limits& limits, Limit limit, const effect::Entry& e) {
  switch (limit) {
    case Limit::uses: limits.uses = plus(*limits.uses, e.count); return;
    case Limit::bytes: limits.bytes = ByteCount(plus(limits.bytes->value(), e.bytes)); return;
    case Limit::max_size: limits.max_size = ByteCount(std::max(limits.max_size->value(), e.size)); return;
    case Limit::rate: limits.rate->count = std::min(plus(limits.rate->count, e.count), max_rate_count); return;
    case Limit::expires:
    case Limit::not_before:
    case Limit::time: limits.clear(limit); return;
  }
}

// The name of a field, or of its total. Of a field that has to be said and was not, no grant can make more.
bool raise_field(Limits& limits, std::string_view name, const effect::Entry& e) {
  const bool total = name.ends_with(".total");
  if (total) name.remove_suffix(6);
  const auto field = std::ranges::find(limits.fields, name, &FieldLimit::name);
  const auto* value = effect::find(e.fields, name);
  if (field == limits.fields.end() || value == nullptr) return false;
  auto& bound = total ? field->total : field->each;
  if (!bound) return false;
  if (total) bound->millionths = std::min(plus(bound->millionths, value->millionths), effect::largest_decimal.millionths);
  else bound = std::max(*bound, *value);
  return true;
}

// Reads refused_by() back. An entry from a foreign journal may hold anything: then there is no proposal.
std::string raised_grant(const effect::Entry& e) {
  const auto of = e.by.find(" of ");
  if (of == e.by.npos) return {};
  auto grant = recorded_grant(e.by.substr(of + 4));
  if (!grant || !grant->covers(e.kind, e.resource)) return {};
  std::string_view names = std::string_view(e.by).substr(0, of);
  while (!names.empty()) {
    const auto name = names.substr(0, names.find(','));
    const auto found = std::ranges::find(effect::limit_names, name);
    if (found != effect::limit_names.end()) {
      const auto limit = static_cast<Limit>(found - effect::limit_names.begin());
      if (!grant->limits.has(limit)) return {};
      raise(grant->limits, limit, e);
    } else if (!raise_field(grant->limits, name, e)) {
      return {};
    }
    names.remove_prefix(std::min(name.size() + 1, names.size()));
  }
  return grant->text();
}

// A kind of one's own is declared along with it.
std::string in_shell(const std::string& grant) {
  if (grant.empty()) return {};
  std::string out = grant.find('*') == grant.npos ? "--grant " + grant : "--grant '" + grant + "'";
  const auto parsed = recorded_grant(grant);
  if (!parsed || parsed->kind != effect::Kind::own) return out;
  std::string fields;
  for (const auto& f : parsed->limits.fields) fields += (fields.empty() ? ":" : ",") + f.name;
  return "--effect " + std::string(effect::named(parsed->kind, parsed->resource->text()).effect) + fields + " " + out;
}

void explain_refusal(const effect::Entry& e, const std::string& thing, Denial& d) {
  const std::string by = escape_for_terminal(e.by);
  switch (e.refusal) {
    case Refusal::none: break;
    case Refusal::no_capability:
      d.by = "no capability";
      d.grant = literal_text(e.kind, e.resource, e.fields);
      d.reason = d.grant.empty() ? thing + " is not a path that a grant can name" : "nothing that was granted covers " + thing;
      return;
    case Refusal::denied:
      d.by = "deny " + e.by;
      d.reason = fmt::format("{} was denied by {}, which wins over every grant; only without that deny can it pass", thing, by);
      return;
    case Refusal::constraint:
      d.by = "limit " + e.by;
      d.grant = raised_grant(e);
      d.reason = fmt::format("{} is granted, but the limit refuses: {}", thing, by);
      return;
    case Refusal::revoked:
      d.by = "revoked " + e.by;
      d.grant = literal_text(e.kind, e.resource, e.fields);
      d.reason = fmt::format("{} was granted by a capability that was revoked or split: {}", thing, by);
      return;
    case Refusal::escape:
      d.by = "escape";
      if (e.by != e.resource) d.grant = literal_text(e.kind, e.by);  // not without knowing where it leads
      d.reason = e.by == e.resource ? thing + " leads out of what was granted"
                                    : fmt::format("{} leads out of what was granted, to {}", by, escape_for_terminal(e.resource));
      return;
    case Refusal::policy:  // no grant lets it pass: a policy narrows whatever is granted
      d.by = "policy " + e.by;
      d.reason = fmt::format("{} is granted, but a policy refuses it: {}", thing, by);
      return;
  }
  WRIT_ASSERT(e.refusal != Refusal::none);  // an allowed effect has nothing to explain
}

}  // namespace

std::optional<Grant> literal_grant(effect::Kind kind, const std::string& resource) {
  Grant grant{.kind = kind};
  if (const auto form = effect::word(kind).resource; form != effect::ResourceForm::none) {
    auto literal = Pattern::literal(resource, form);
    if (!literal) return std::nullopt;
    grant.resource = std::move(*literal);
  }
  return grant;
}

Denial explain(const effect::Entry& e) {
  Denial d;
  d.effect = effect::named(e).effect;
  d.resource = effect::named(e).resource;
  std::string thing = d.resource.empty() ? d.effect : fmt::format("{} of {}", d.effect, escape_for_terminal(d.resource));
  if (!e.fields.empty()) thing += " with " + effect::text(e.fields);
  explain_refusal(e, thing, d);
  d.sensitive = is_sensitive(e.kind, e.resource) || (e.refusal == Refusal::escape && is_sensitive(e.kind, e.by));
  if (d.sensitive) {
    d.grant.clear();
    d.reason += "; it may hold secrets, so no grant is proposed";
  }
  d.grant_shell = in_shell(d.grant);
  return d;
}

}  // namespace writ::authority
