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

Result<effect::Kind> parse_kind(std::string_view text) {
  if (const auto kind = effect::find_kind(text)) return *kind;
  if (text.empty()) return invalid("there is no effect before the resource", {}, "write for example state.read:orders/");
  std::vector<std::string_view> names;
  for (const auto& w : effect::vocabulary) names.push_back(w.name);
  const auto near = nearest(text, names);
  return invalid(fmt::format("unknown effect `{}`", escape_for_terminal(text)), {},
                 near ? fmt::format("did you mean `{}`?", *near) : fmt::format("effects are {}", fmt::join(names, ", ")));
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
  WRIT_TRY(auto pattern, Pattern::parse(text, word.resource, working_folder));
  grant.within.push_back(std::move(pattern));
  return {};
}

Result<Grant> parse(std::string_view text, std::string_view working_folder, WallTime now) {
  if (text.empty()) return invalid("the grant is empty", {}, "write EFFECT:RESOURCE, for example state.read:orders/");
  if (text.find_first_of("?&") != text.npos) return refuse_query(text);
  const auto end = std::min(text.find_first_of(":,"), text.size());
  Grant grant;
  WRIT_TRY(grant.kind, parse_kind(text.substr(0, end)));
  const auto& word = effect::word(grant.kind);
  auto rest = text.substr(end);
  const bool has_resource = rest.starts_with(':');
  if (has_resource && word.resource == ResourceForm::none)
    return invalid(fmt::format("`{}` takes no resource", word.name), {}, fmt::format("write {}", word.name));
  if (!has_resource && word.resource != ResourceForm::none)
    return invalid(fmt::format("`{}` needs a resource", word.name), {},
                   fmt::format("write for example {}:{}", word.name, example(word.resource)));
  if (has_resource) {
    const auto resource = rest.substr(1, rest.find(',') - 1);
    rest.remove_prefix(1 + resource.size());
    if (resource.empty())
      return invalid("the resource is empty", {}, fmt::format("write for example {}:{}", word.name, example(word.resource)));
    WRIT_TRY(grant.resource, Pattern::parse(resource, word.resource, working_folder));
  }
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the comma
    const auto limit = rest.substr(0, rest.find(','));
    if (limit.empty()) return invalid("nothing follows the comma", {}, "write LIMIT=VALUE after it, or leave it out");
    if (limit.starts_with("within=")) WRIT_CHECK(add_within(grant, limit.substr(7), working_folder));
    else WRIT_CHECK(add_limit(grant.limits, limit, now));
    rest.remove_prefix(limit.size());
  }
  return grant;
}

}  // namespace

bool Grant::covers(effect::Kind wanted, std::string_view wanted_resource) const {
  return kind == wanted && (!resource || resource->covers(wanted_resource)) &&
         std::ranges::all_of(within, [&](const Pattern& p) { return p.covers(wanted_resource); });
}

std::vector<Pattern> Grant::resources() const {
  std::vector<Pattern> all;
  if (resource) all.push_back(*resource);
  all.insert(all.end(), within.begin(), within.end());
  return all;
}

std::string Grant::text() const {
  std::string out = std::string(effect::name(kind)) + (resource ? ":" + resource->text() : "");
  for (const auto& p : within) out += ",within=" + p.text();
  return out + limits.text();
}

Result<Grant> parse_grant(std::string_view text, std::string_view working_folder, WallTime now) {
  auto grant = parse(text, working_folder, now);
  if (grant) return grant;
  Error e = grant.error();
  e.where = fmt::format("grant \"{}\"", escape_for_terminal(text));
  return e;
}

Result<Grant> parse_deny(std::string_view text, std::string_view working_folder) {
  auto deny = parse(text, working_folder, WallTime{});
  if (deny && deny->limits.empty() && deny->within.empty()) return deny;
  Error e = deny ? invalid("a deny takes no limits", {}, "write " + Grant{.kind = deny->kind, .resource = deny->resource}.text())
                 : deny.error();
  e.where = fmt::format("deny \"{}\"", escape_for_terminal(text));
  return e;
}

}  // namespace writ::authority
