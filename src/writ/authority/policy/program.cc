#include "writ/authority/policy/program.h"

#include <algorithm>

#include "writ/wire/bytes.h"

namespace writ::authority::policy {
namespace {

std::string without_slash(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return std::string(path == "/" ? "" : path);
}

// The folder that everything this pattern covers lies at or below.
std::string path_of(std::string_view pattern) {
  const auto wild = pattern.find_first_of("*%");
  if (wild == pattern.npos) {
    const bool canonical = pattern.find("//") == pattern.npos && pattern.find("/.") == pattern.npos && !pattern.starts_with('.');
    return canonical ? without_slash(pattern) : std::string();
  }
  const auto slash = pattern.substr(0, wild).rfind('/');
  return slash == pattern.npos ? std::string() : path_of(pattern.substr(0, slash));
}

// Whether it can fail, which refuses: then it must be asked even where a later part would say that the rule is not about
// this resource.
bool may_fail(const Expression& e) {
  switch (e.op) {
    case Op::attribute: return word(e.attribute).of == Object::capability;
    case Op::field: return true;
    case Op::negate: case Op::add: case Op::subtract: case Op::multiply: case Op::divide: case Op::remainder: return true;
    default: return std::ranges::any_of(e.parts, may_fail);
  }
}

// The paths of the resources that a condition can hold for, or fail for; none: any.
std::vector<std::string> paths_of(const Expression& e) {
  const auto is_resource = [](const Expression& x) { return x.op == Op::attribute && x.attribute == Attribute::effect_resource; };
  std::vector<std::string> paths;
  if (e.op == Op::all) {
    for (const auto& part : e.parts) {
      if (auto found = paths_of(part); !found.empty()) return found;
      if (may_fail(part)) return {};
    }
  } else if (e.op == Op::like && is_resource(e.parts[0])) {
    paths.push_back(path_of(e.text));
  } else if (e.op == Op::equal && is_resource(e.parts[0]) && e.parts[1].op == Op::constant) {
    paths.push_back(without_slash(e.parts[1].text));
  } else if (e.op == Op::in_set && is_resource(e.parts[0])) {
    for (const auto& t : e.set->texts) paths.push_back(without_slash(t));
  }
  if (std::ranges::find(paths, "") != paths.end()) paths.clear();
  std::ranges::sort(paths);
  paths.erase(std::ranges::unique(paths).begin(), paths.end());
  return paths;
}

}  // namespace

void fill_tables(Program& p) {
  for (auto& table : p.tables) table.by_path.clear();
  for (std::uint32_t i = 0; i < p.effect_rules.size(); ++i) {
    const auto& rule = *p.effect_rules[i].rule;
    auto paths = rule.where ? paths_of(*rule.where) : std::vector<std::string>();
    if (paths.empty()) paths.emplace_back();
    for (std::size_t kind = 0; kind < effect::kinds; ++kind)
      if (rule.kinds & bit(static_cast<effect::Kind>(kind)))
        for (const auto& path : paths) p.tables[kind].by_path[path].push_back(i);
  }
}

std::shared_ptr<const Program> both(const Program& a, const Program& b) {
  auto out = std::make_shared<Program>(a);
  const auto offset = static_cast<std::uint32_t>(a.words.size());
  out->words.insert(out->words.end(), b.words.begin(), b.words.end());
  for (const auto& r : b.effect_rules) out->effect_rules.push_back({r.word + offset, r.rule});
  for (const auto& r : b.component_rules) out->component_rules.push_back({r.word + offset, r.rule});
  for (const auto& kind : b.own.declared()) static_cast<void>(out->own.add(kind));  // too many fields: grants name the rest
  out->digest = digest(as_bytes(a.digest.sha256.hex() + b.digest.sha256.hex()));
  fill_tables(*out);
  return out;
}

}  // namespace writ::authority::policy
