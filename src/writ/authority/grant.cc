#include "writ/authority/grant.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "writ/base/escape.h"
#include "writ/base/nearest.h"

namespace writ::authority {
namespace {

using effect::ResourceForm;

std::string_view example(ResourceForm form) {
  switch (form) {
    case ResourceForm::none: return "";
    case ResourceForm::object_path: return "orders/";
    case ResourceForm::host_path: return "/usr/share/zoneinfo/";
    case ResourceForm::name: return "HOME";
  }
  std::unreachable();
}

Result<effect::Kind> parse_kind(std::string_view text, const effect::OwnKinds& own) {
  if (const auto kind = effect::find_kind(text)) return *kind;
  if (own.find(text) != nullptr || (own.are_any() && effect::is_own_name(text))) return effect::Kind::own;
  if (text.empty()) return invalid("there is no effect before the resource", {}, "write for example state.read:orders/");
  std::vector<std::string_view> names;
  for (const auto& w : effect::vocabulary) names.push_back(w.name);
  for (const auto& k : own.declared()) names.push_back(k.name);
  const auto near = nearest(text, names);
  return invalid(fmt::format("unknown effect `{}`", escape_for_terminal(text)), {},
                 near ? fmt::format("did you mean `{}`?", *near)
                      : fmt::format("effects are {}{}", fmt::join(names, ", "),
                                    effect::is_own_name(text) ? fmt::format("; one of your own is declared: --effect {}", text) : ""));
}

// A URL's way of writing limits. The hint says the same in ours.
Error refuse_query(std::string_view text) {
  std::string mended(text);
  std::replace_if(mended.begin(), mended.end(), [](char c) { return c == '?' || c == '&'; }, ',');
  const char c = text[text.find_first_of("?&")];
  return invalid(fmt::format("`{}` cannot stand in a grant", c), {},
                 fmt::format("limits follow a comma: {}; a literal {} is written %{:02X}", escape_for_terminal(mended), c, +c));
}

Result<void> add_within(Grant& grant, std::string_view text, std::string_view working_folder) {
  const auto& word = effect::word(grant.kind);
  if (!grant.resource) return invalid(fmt::format("`{}` takes no resource, so nothing can be within another", word.name));
  if (text.empty()) return invalid("`within` has no value", {}, fmt::format("write for example within={}", example(word.resource)));
  if (grant.within.size() == max_within) return invalid(fmt::format("more than {} times `within`", max_within));
  // Of a kind of one's own the pattern stands behind the kind, as the resource does.
  const std::string kind = grant.kind == effect::Kind::own ? std::string(effect::named(grant.kind, grant.resource->text()).effect) + ":" : "";
  WRIT_TRY(auto pattern, Pattern::parse(kind + std::string(text), word.resource, working_folder));
  grant.within.push_back(std::move(pattern));
  return {};
}

// The fields that the kind declares; a record's text names them all itself.
std::optional<effect::OwnKind> fields_of(std::string_view name, std::string_view limits, const effect::OwnKinds& own) {
  if (const auto* declared = own.find(name)) return *declared;
  effect::OwnKind kind{std::string(name), {}};
  while (!limits.empty()) {
    const auto limit = limits.substr(1, limits.find(',', 1) - 1);
    auto field = limit.substr(0, limit.find('='));
    if (field.ends_with(".total")) field.remove_suffix(6);
    if (effect::is_field_name(field) && field != "within" && std::ranges::find(effect::limit_names, field) == effect::limit_names.end() &&
        std::ranges::find(kind.fields, field) == kind.fields.end())
      kind.fields.emplace_back(field);
    limits.remove_prefix(1 + limit.size());
  }
  return kind.fields.size() > effect::max_fields ? std::nullopt : std::optional(std::move(kind));
}

Result<void> add(Grant& grant, std::string_view limit, const std::optional<effect::OwnKind>& kind, std::string_view working_folder, WallTime now) {
  if (limit.empty()) return invalid("nothing follows the comma", {}, "write LIMIT=VALUE after it, or leave it out");
  if (limit.starts_with("within=")) return add_within(grant, limit.substr(7), working_folder);
  if (kind) {
    WRIT_TRY(const bool taken, add_field_limit(grant.limits, *kind, limit));
    if (taken) return {};
  }
  auto added = add_limit(grant.limits, limit, now);
  if (added || !kind || kind->fields.empty()) return added;
  const auto name = limit.substr(0, limit.find('='));
  if (std::ranges::find(effect::limit_names, name) != effect::limit_names.end()) return added;
  std::vector<std::string_view> known(kind->fields.begin(), kind->fields.end());
  const auto near = nearest(name, known);
  Error e = added.error();
  e.hint = near ? fmt::format("did you mean `{}`?", *near) : fmt::format("fields of {} are {}", kind->name, fmt::join(kind->fields, ", "));
  return e;
}

Result<Grant> parse(std::string_view text, std::string_view working_folder, WallTime now, const effect::OwnKinds& own) {
  if (text.empty()) return invalid("the grant is empty", {}, "write EFFECT:RESOURCE, for example state.read:orders/");
  if (text.find_first_of("?&") != text.npos) return refuse_query(text);
  const auto end = std::min(text.find_first_of(":,"), text.size());
  Grant grant;
  const auto name = text.substr(0, end);
  WRIT_TRY(grant.kind, parse_kind(name, own));
  const auto& word = effect::word(grant.kind);
  const bool is_own = grant.kind == effect::Kind::own;
  auto rest = text.substr(end);
  const bool has_resource = rest.starts_with(':');
  if (has_resource && word.resource == ResourceForm::none)
    return invalid(fmt::format("`{}` takes no resource", word.name), {}, fmt::format("write {}", word.name));
  if (!has_resource && word.resource != ResourceForm::none)
    return invalid(fmt::format("`{}` needs a resource", name), {}, fmt::format("write for example {}:{}", name, example(word.resource)));
  if (has_resource) {
    const auto resource = rest.substr(1, rest.find(',') - 1);
    rest.remove_prefix(1 + resource.size());
    if (resource.empty())
      return invalid("the resource is empty", {}, fmt::format("write for example {}:{}", name, example(word.resource)));
    const std::string whole = is_own ? std::string(name) + ":" + std::string(resource) : std::string(resource);
    WRIT_TRY(grant.resource, Pattern::parse(whole, word.resource, working_folder));
  }
  std::optional<effect::OwnKind> kind;
  if (is_own && !(kind = fields_of(name, rest, own))) return invalid(fmt::format("more than {} fields", effect::max_fields), std::string(name));
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the comma
    const auto limit = rest.substr(0, rest.find(','));
    WRIT_CHECK(add(grant, limit, kind, working_folder, now));
    rest.remove_prefix(limit.size());
  }
  if (kind)
    for (const auto& field : kind->fields)  // those that were not named
      if (std::ranges::find(grant.limits.fields, std::string_view(field), &FieldLimit::name) == grant.limits.fields.end())
        grant.limits.fields.insert(std::ranges::lower_bound(grant.limits.fields, std::string_view(field), {}, &FieldLimit::name),
                                   {std::pmr::string(field), {}, {}});
  return grant;
}

}  // namespace

bool Grant::covers(effect::Kind wanted, std::string_view wanted_resource) const {
  return kind == wanted && (!resource || resource->covers(wanted_resource)) &&
         std::ranges::all_of(within, [&](const Pattern& p) { return p.covers(wanted_resource); });
}

bool Grant::knows(const effect::Fields& fields) const {
  return std::ranges::all_of(fields, [&](const effect::Field& f) {
    return std::ranges::find(limits.fields, std::string_view(f.name), &FieldLimit::name) != limits.fields.end();
  });
}

Grant Grant::in(std::pmr::memory_resource* memory) const {
  Grant g{.kind = kind, .resource = {}, .within = std::pmr::vector<Pattern>(memory), .limits = limits.in(memory)};
  if (resource) g.resource = resource->in(memory);
  g.within.reserve(within.size());
  for (const Pattern& p : within) g.within.push_back(p.in(memory));
  return g;
}

std::vector<Pattern> Grant::resources() const {
  std::vector<Pattern> all;
  if (resource) all.push_back(*resource);
  all.insert(all.end(), within.begin(), within.end());
  return all;
}

std::string Grant::text() const {
  const bool own = kind == effect::Kind::own;  // whose resource begins with its name
  std::string out = own ? "" : std::string(effect::name(kind)) + (resource ? ":" : "");
  if (resource) out += resource->text();
  for (const auto& p : within) {
    const std::string text = p.text();
    out += ",within=" + std::string(own ? effect::named(kind, text).resource : text);
  }
  return out + limits.text();
}

Result<Grant> parse_grant(std::string_view text, std::string_view working_folder, WallTime now, const effect::OwnKinds& own) {
  auto grant = parse(text, working_folder, now, own);
  if (grant) return grant;
  Error e = grant.error();
  e.where = fmt::format("grant \"{}\"", escape_for_terminal(text));
  return e;
}

Result<Grant> parse_deny(std::string_view text, std::string_view working_folder, const effect::OwnKinds& own) {
  auto deny = parse(text, working_folder, WallTime{}, own);
  if (deny && std::ranges::none_of(deny->limits.fields, &FieldLimit::bounds)) deny->limits.fields.clear();
  if (deny && deny->limits.empty() && deny->within.empty()) return deny;
  Error e = deny ? invalid("a deny takes no limits", {}, "write " + Grant{.kind = deny->kind, .resource = deny->resource}.text())
                 : deny.error();
  e.where = fmt::format("deny \"{}\"", escape_for_terminal(text));
  return e;
}

Result<Grant> recorded_grant(std::string_view text) { return parse_grant(text, "/", WallTime{}, effect::OwnKinds::any()); }
Result<Grant> recorded_deny(std::string_view text) { return parse_deny(text, "/", effect::OwnKinds::any()); }

}  // namespace writ::authority
