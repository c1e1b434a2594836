#include "manifest.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <algorithm>
#include <array>

#include "limit_words.h"
#include "words.h"
#include "writ/base/file.h"
#include "writ/base/nearest.h"

namespace writ::cli {
namespace {

constexpr ByteCount largest_manifest = MiB;
constexpr std::array<std::string_view, 6> tables{"task", "grants", "deny", "effects", "limits", "workspace"};
constexpr std::array<std::string_view, 4> task_keys{"code", "args", "lang", "entry"};

class Reader {
 public:
  Reader(const std::string& path, guest::Limits& limits) : path_(path), limits_(limits) {}

  Result<Manifest> read(const toml::table& root) {
    if (const auto* effects = root["effects"].as_table()) WRIT_CHECK(read_effects(*effects, ""));  // grants may name them
    for (const auto& [key, node] : root) {
      const std::string_view name = key.str();
      const toml::table* table = node.as_table();
      if (std::ranges::find(tables, name) == tables.end())
        return invalid("unknown key \"" + std::string(name) + "\"", at(key.source()),
                       suggestion(name, tables, "one of: task grants deny effects limits"));
      if (!table) return invalid("this must be a table", at(node.source()), "[" + std::string(name) + "]");
      if (name == "workspace")
        return Error{Code::unsupported, "workspaces are not in this version", at(node.source()), {}};
      if (name == "task") WRIT_CHECK(read_task(*table));
      if (name == "grants") WRIT_CHECK(read_grants(*table, "", found_.grants));
      if (name == "deny") WRIT_CHECK(read_grants(*table, "", found_.denies));
      if (name == "limits") WRIT_CHECK(read_limits(*table));
    }
    return std::move(found_);
  }

 private:
  std::string at(const toml::source_region& r) const { return path_ + ":" + std::to_string(r.begin.line); }

  Result<std::string> text(const toml::node& node, std::string_view key) const {
    if (const auto* s = node.as_string()) return s->get();
    return invalid("\"" + std::string(key) + "\" must be a string", at(node.source()), {});
  }

  Result<std::vector<std::string>> texts(const toml::node& node, std::string_view key) const {
    const auto* list = node.as_array();
    if (!list) return invalid("\"" + std::string(key) + "\" must be a list of strings", at(node.source()), {});
    std::vector<std::string> found;
    for (const auto& item : *list) {
      WRIT_TRY(found.emplace_back(), text(item, key));
    }
    return found;
  }

  Result<void> read_task(const toml::table& table) {
    for (const auto& [key, node] : table) {
      const std::string_view name = key.str();
      if (name == "code") {
        WRIT_TRY(found_.code, text(node, name));
      } else if (name == "entry") {
        WRIT_TRY(found_.entry, text(node, name));
      } else if (name == "args") {
        WRIT_TRY(found_.arguments, texts(node, name));
      } else if (name == "lang") {
        WRIT_TRY(const std::string language, text(node, name));
        if (language != "wasm")
          return Error{Code::unsupported, "this language is not in this version", at(node.source()), "lang = \"wasm\""};
      } else {
        return invalid("unknown key \"" + std::string(name) + "\" in [task]", at(key.source()),
                       suggestion(name, task_keys, "one of: code args lang entry"));
      }
    }
    return {};
  }

  Result<void> read_effects(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      const std::string name = prefix + std::string(key.str());
      if (const auto* below = node.as_table()) {
        WRIT_CHECK(read_effects(*below, name + "."));
        continue;
      }
      WRIT_TRY(auto fields, texts(node, name));
      auto kind = effect::declare_kind(name, std::move(fields));
      if (!kind) return invalid(kind.error().what, at(key.source()), kind.error().hint);
      found_.effects.push_back(*std::move(kind));
    }
    return {};
  }

  // state.read = [...] is, to TOML, a table `state` with a key `read`: both spellings mean the effect.
  Result<void> read_grants(const toml::table& table, const std::string& prefix, std::vector<GrantText>& out) {
    for (const auto& [key, node] : table) {
      const std::string name = prefix + std::string(key.str());
      if (const auto* below = node.as_table()) {
        WRIT_CHECK(read_grants(*below, name + ".", out));
        continue;
      }
      auto kind = effect::find_kind(name);
      if (!kind && is_own(name)) kind = effect::Kind::own;
      if (!kind) return unknown_effect(name, at(key.source()));
      const bool bare = effect::word(*kind).resource == effect::ResourceForm::none;
      if (const auto* flag = node.as_boolean(); flag && bare) {
        if (flag->get()) out.push_back({name, at(node.source())});
        continue;
      }
      if (!node.is_array())
        return invalid("\"" + name + "\" must be " + (bare ? "true or " : "") + "a list of strings", at(node.source()),
                       {});
      for (const auto& item : *node.as_array()) {
        WRIT_TRY(const std::string value, text(item, name));
        out.push_back({name + (value.empty() ? "" : bare ? "," : ":") + value, at(item.source())});
      }
    }
    return {};
  }

  // Declared here or elsewhere: whoever parses the grant knows. A word that is nearly one of Writ's is a mistake.
  bool is_own(const std::string& name) const {
    if (std::ranges::find(found_.effects, name, &effect::OwnKind::name) != found_.effects.end()) return true;
    std::vector<std::string_view> known;
    for (const auto& word : effect::vocabulary) known.push_back(word.name);
    return effect::is_own_name(name) && !nearest(name, known);
  }

  static Error unknown_effect(const std::string& name, std::string where) {
    std::vector<std::string_view> known;
    for (const auto& word : effect::vocabulary) known.push_back(word.name);
    return invalid("unknown effect \"" + name + "\"", std::move(where),
                   suggestion(name, known, "see `writ help effects`"));
  }

  Result<void> read_limits(const toml::table& table) {
    for (const auto& [key, node] : table) {
      const auto* number = node.as_integer();
      const auto* string = node.as_string();
      if (!number && !string) return invalid("a limit must be a string or a whole number", at(node.source()), {});
      WRIT_CHECK(
          set_limit(limits_, key.str(), number ? std::to_string(number->get()) : string->get(), at(key.source())));
    }
    return {};
  }

  const std::string& path_;
  guest::Limits& limits_;
  Manifest found_;
};

}  // namespace

Result<Manifest> parse_manifest(std::string_view text, const std::string& path, guest::Limits& limits) {
  const toml::parse_result parsed = toml::parse(text, std::string_view(path));
  if (!parsed) {
    const toml::parse_error& e = parsed.error();
    return invalid("not TOML: " + std::string(e.description()), path + ":" + std::to_string(e.source().begin.line), {});
  }
  return Reader(path, limits).read(parsed.table());
}

Result<Manifest> read_manifest(const std::string& path, guest::Limits& limits) {
  WRIT_TRY(const std::string text, read_file(path, largest_manifest));
  WRIT_TRY(Manifest found, parse_manifest(text, path, limits));
  if (found.code && !found.code->starts_with('/')) {
    const auto slash = path.rfind('/');
    if (slash != std::string::npos) found.code = path.substr(0, slash + 1) + *found.code;
  }
  return found;
}

}  // namespace writ::cli
