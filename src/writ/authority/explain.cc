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

std::string literal_text(effect::Kind kind, const std::string& resource) {
  const auto grant = literal_grant(kind, resource);
  return grant ? grant->text() : std::string();
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

// Reads refused_by() back. An entry from a foreign journal may hold anything: then there is no proposal.
std::string raised_grant(const effect::Entry& e) {
  const auto of = e.by.find(" of ");
  if (of == e.by.npos) return {};
  auto grant = parse_grant(e.by.substr(of + 4), "/", WallTime{});
  if (!grant || !grant->covers(e.kind, e.resource)) return {};
  std::string_view names = std::string_view(e.by).substr(0, of);
  while (!names.empty()) {
    const auto name = names.substr(0, names.find(','));
    const auto found = std::ranges::find(effect::limit_names, name);
    if (found == effect::limit_names.end()) return {};
    const auto limit = static_cast<Limit>(found - effect::limit_names.begin());
    if (!grant->limits.has(limit)) return {};
    raise(grant->limits, limit, e);
    names.remove_prefix(std::min(name.size() + 1, names.size()));
  }
  return grant->text();
}

std::string in_shell(const std::string& grant) {
  if (grant.empty()) return {};
  return grant.find('*') == grant.npos ? "--grant " + grant : "--grant '" + grant + "'";
}

void explain_refusal(const effect::Entry& e, const std::string& thing, Denial& d) {
  const std::string by = escape_for_terminal(e.by);
  switch (e.refusal) {
    case Refusal::none: break;
    case Refusal::no_capability:
      d.by = "no capability";
      d.grant = literal_text(e.kind, e.resource);
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
      d.grant = literal_text(e.kind, e.resource);
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
  d.effect = effect::name(e.kind);
  d.resource = e.resource;
  const std::string thing = e.resource.empty() ? d.effect : fmt::format("{} of {}", d.effect, escape_for_terminal(e.resource));
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
