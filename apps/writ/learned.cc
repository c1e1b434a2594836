#include "learned.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "writ/authority/explain.h"
#include "writ/authority/sensitive.h"
#include "writ/base/escape.h"

namespace writ::cli {
namespace {

// A string of TOML, which no text leaves: quotes, backslashes and control characters are escaped.
std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += std::string("\\") + c;
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) out += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
    else out += c;
  }
  return out + '"';
}

// Listing a folder of the state that holds something granted needs no grant of its own: it shows what is granted.
bool is_implied(const authority::Grant& g, const std::vector<authority::Grant>& all) {
  if (g.kind != effect::Kind::state_read) return false;
  const auto folder = g.resource->thing();
  return std::ranges::any_of(all, [&](const authority::Grant& other) {
    return other.kind == g.kind && other != g && other.resource->covers_below(folder);
  });
}

// Bounded by the most that was said of each field, if it was always said: what a grant bounds an effect must say.
void add_own(const effect::Entry& e, std::map<std::string, authority::Grant>& all, Learned& out) {
  auto grant = authority::literal_grant(e.kind, e.resource);
  if (!grant) return;
  auto& fields = out.effects[std::string(effect::named(e).effect)];
  const bool fresh = !all.contains(e.resource);
  auto& known = all.try_emplace(e.resource, std::move(*grant)).first->second.limits.fields;
  for (const auto& f : e.fields) {
    fields.insert(f.name);
    const auto at = std::ranges::lower_bound(known, std::string_view(f.name), {}, &authority::FieldLimit::name);
    if (at == known.end() || at->name != std::string_view(f.name))
      known.insert(at, {std::pmr::string(f.name), fresh ? std::optional(f.value) : std::nullopt, {}});
    else if (at->each) at->each = std::max(*at->each, f.value);
  }
  for (auto& bound : known)
    if (effect::find(e.fields, bound.name) == nullptr) bound.each.reset();
}

bool stands_in(const std::vector<std::string>& list, const std::string& text) { return std::ranges::find(list, text) != list.end(); }

}  // namespace

Learned learn_from(const std::vector<effect::Entry>& journal) {
  Learned out;
  std::vector<authority::Grant> used, listed;
  std::map<std::string, authority::Grant> own;  // by resource
  for (const auto& e : journal) {
    if (e.refusal != effect::Refusal::none) {
      const auto thing = effect::named(e);
      const auto what = std::string(thing.effect) + ":" + authority::escape_resource(thing.resource);
      auto& list = authority::explain(e).sensitive ? out.sensitive : out.unmet;
      if (!stands_in(list, what)) list.push_back(what);
      continue;
    }
    if (e.kind == effect::Kind::own) {
      add_own(e, own, out);
      continue;
    }
    const auto grant = authority::literal_grant(e.kind, e.resource);
    if (!grant || std::ranges::find(used, *grant) != used.end() || std::ranges::find(listed, *grant) != listed.end()) continue;
    const bool listing = e.kind == effect::Kind::state_read && (e.resource.empty() || e.resource.ends_with('/'));
    (listing ? listed : used).push_back(*grant);
  }
  for (const auto& g : listed)
    if (!is_implied(g, used)) used.push_back(g);
  for (const auto& [resource, grant] : own) used.push_back(grant);
  for (const auto& g : used) out.grants.push_back(g.text());
  std::ranges::sort(out.grants);
  return out;
}

std::string manifest_text(const Learned& learned, const task::Spec& spec, const task::Report& report) {
  std::string out = fmt::format("# What task {} used, and nothing else. Its writes were discarded.\n", report.id.brief());
  out += "[task]\n";
  const auto& code = spec.language == "executable" ? spec.engine : spec.code_name;  // a command's name is not where it lies
  if (code != "-" && code != "-e") out += "code = " + toml_string(std::filesystem::absolute(code).lexically_normal().string()) + "\n";
  if (!spec.arguments.empty()) {
    out += "args = [";
    for (const auto& a : spec.arguments) out += (&a == &spec.arguments.front() ? "" : ", ") + toml_string(a);
    out += "]\n";
  }
  if (spec.entry != "_start") out += "entry = " + toml_string(spec.entry) + "\n";
  if (!learned.effects.empty()) out += "\n[effects]\n";
  for (const auto& [kind, fields] : learned.effects) {
    out += toml_string(kind) + " = [";
    for (const auto& f : fields) out += (f == *fields.begin() ? "" : ", ") + toml_string(f);
    out += "]\n";
  }
  std::map<std::string, std::vector<std::string>> by_effect;
  for (const auto& g : learned.grants) {
    const auto colon = g.find(':');
    auto& resources = by_effect[g.substr(0, colon)];
    if (colon != g.npos) resources.push_back(g.substr(colon + 1));
  }
  out += "\n[grants]\n";
  for (const auto& [effect, resources] : by_effect) {
    if (resources.empty()) {
      out += toml_string(effect) + " = true\n";
      continue;
    }
    out += toml_string(effect) + " = [\n";
    for (const auto& r : resources) out += "  " + toml_string(r) + ",\n";
    out += "]\n";
  }
  for (const auto& s : learned.sensitive) out += "# may hold secrets, so it is not granted: " + s + "\n";
  for (const auto& s : learned.unmet) out += "# was refused, and is not granted: " + s + "\n";
  return out;
}

}  // namespace writ::cli
