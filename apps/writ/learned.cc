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

bool stands_in(const std::vector<std::string>& list, const std::string& text) { return std::ranges::find(list, text) != list.end(); }

}  // namespace

Learned learn_from(const std::vector<effect::Entry>& journal) {
  Learned out;
  std::vector<authority::Grant> used, listed;
  for (const auto& e : journal) {
    if (e.refusal != effect::Refusal::none) {
      const auto thing = effect::named(e);
      const auto what = std::string(thing.effect) + ":" + authority::escape_resource(thing.resource);
      auto& list = authority::explain(e).sensitive ? out.sensitive : out.unmet;
      if (!stands_in(list, what)) list.push_back(what);
      continue;
    }
    const auto grant = authority::literal_grant(e.kind, e.resource);
    if (!grant || std::ranges::find(used, *grant) != used.end() || std::ranges::find(listed, *grant) != listed.end()) continue;
    const bool listing = e.kind == effect::Kind::state_read && (e.resource.empty() || e.resource.ends_with('/'));
    (listing ? listed : used).push_back(*grant);
  }
  for (const auto& g : listed)
    if (!is_implied(g, used)) used.push_back(g);
  for (const auto& g : used) out.grants.push_back(g.text());
  std::ranges::sort(out.grants);
  return out;
}

std::string manifest_text(const Learned& learned, const task::Spec& spec, const task::Report& report) {
  std::string out = fmt::format("# What task {} used, and nothing else. Its writes were discarded.\n", report.id.brief());
  out += "[task]\n";
  if (spec.code_name != "-") out += "code = " + toml_string(std::filesystem::absolute(spec.code_name).lexically_normal().string()) + "\n";
  if (!spec.arguments.empty()) {
    out += "args = [";
    for (const auto& a : spec.arguments) out += (&a == &spec.arguments.front() ? "" : ", ") + toml_string(a);
    out += "]\n";
  }
  if (spec.entry != "_start") out += "entry = " + toml_string(spec.entry) + "\n";
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
