#include "tests/models/policy/reference.h"

#include <map>
#include <stdexcept>
#include <variant>

#include "writ/authority/policy/schema.h"

namespace writ::policy_model {
namespace {

using namespace authority::policy::syntax;
__extension__ using Wide = __int128;

struct Fails {};  // thrown inside the reference only

struct Object {
  std::string name;
};
using Value = std::variant<bool, Wide, std::string, Object>;
using Names = std::map<std::string, Value>;

Wide fits(Wide n) {
  if (n > INT64_MAX || n < INT64_MIN) throw Fails{};
  return n;
}

std::vector<std::string> levels(const std::string& path) {
  std::vector<std::string> out{""};
  for (const char c : path)
    if (c == '/')
      out.emplace_back();
    else
      out.back() += c;
  std::erase(out, "");
  return out;
}

bool level_matches(const std::string& p, const std::string& s, std::size_t i = 0, std::size_t j = 0) {
  if (i == p.size()) return j == s.size();
  if (p[i] == '*') return level_matches(p, s, i + 1, j) || (j < s.size() && level_matches(p, s, i, j + 1));
  return j < s.size() && p[i] == s[j] && level_matches(p, s, i + 1, j + 1);
}

bool levels_match(const std::vector<std::string>& p, const std::vector<std::string>& r, bool below, std::size_t i = 0,
                  std::size_t j = 0) {
  if (i == p.size()) return j == r.size() || below;
  if (p[i] == "**") return levels_match(p, r, below, i + 1, j) || (j < r.size() && levels_match(p, r, below, i, j + 1));
  return j < r.size() && level_matches(p[i], r[j]) && levels_match(p, r, below, i + 1, j + 1);
}

class Reading {
 public:
  Reading(const Policy& policy, const Case& c) : policy_(policy), case_(c) {}

  Value value(const Node& n, const Names& names) {
    switch (n.kind) {
      case NodeKind::boolean: return n.number != 0;
      case NodeKind::number:
      case NodeKind::decimal: return Wide{n.number};
      case NodeKind::text: return n.word;
      case NodeKind::quantity:
        for (const auto& u : authority::policy::units())
          if (u.name == n.word) return Wide{n.number} * u.factor;
        throw std::logic_error("unit");
      case NodeKind::name: return names.at(n.word);
      case NodeKind::member: return member(std::get<Object>(value(n.parts[0], names)).name, n.word);
      case NodeKind::call: return call(n, names);
      case NodeKind::unary:
        if (n.word == "!") return !truth(n.parts[0], names);
        return fits(-number(n.parts[0], names));
      case NodeKind::binary: return binary(n, names);
      case NodeKind::set: break;
    }
    throw std::logic_error("node");
  }

  bool truth(const Node& n, const Names& names) { return std::get<bool>(value(n, names)); }

 private:
  Wide number(const Node& n, const Names& names) { return std::get<Wide>(value(n, names)); }
  std::string text(const Node& n, const Names& names) { return std::get<std::string>(value(n, names)); }

  Value member(const std::string& object, const std::string& name) {
    const auto there = [](const std::optional<std::uint64_t>& v) -> Value {
      if (!v) throw Fails{};
      return Wide{*v};
    };
    if (object == "effect") {
      if (name == "kind") return case_.kind;
      if (name == "resource") return case_.resource;
      if (name == "bytes") return Wide{case_.bytes};
      if (name == "size") return Wide{case_.size};
      if (name == "amount") return there(case_.amount);
    } else if (object == "capability") {
      if (name == "max_size") return there(case_.max_size);
      if (name == "max_uses") return there(case_.max_uses);
      if (name == "max_amount") return there(case_.max_amount);
    } else {
      if (name == "name") return case_.component;
      if (name == "effect_count") return Wide{case_.effects};
      if (name == "denied_count") return Wide{case_.denied};
    }
    throw std::logic_error("member " + name);
  }

  Value call(const Node& n, const Names& names) {
    if (n.word == "bounds") return n.parts[1].word == "max_size" ? case_.max_size.has_value() : case_.max_uses.has_value();
    if (n.word == "has_label") return case_.labels.contains(n.parts[1].word);
    if (n.word == "starts_with") return text(n.parts[0], names).starts_with(text(n.parts[1], names));
    if (n.word == "contains") return text(n.parts[0], names).find(text(n.parts[1], names)) != std::string::npos;
    for (const auto& p : policy_.predicates) {
      if (p.name.text != n.word) continue;
      // By name, not by value: an argument that is not needed does not fail.
      Node body = p.body;
      for (std::size_t i = 0; i < p.parameters.size(); ++i) put(body, p.parameters[i].name.text, n.parts[i]);
      return value(body, names);
    }
    throw std::logic_error("call " + n.word);
  }

  static void put(Node& in, const std::string& name, const Node& what) {
    if (in.kind == NodeKind::name && in.word == name) {
      in = what;
      return;
    }
    for (auto& part : in.parts) put(part, name, what);
  }

  bool in_set(const Value& v, const Node& set, const Names& names) {
    const Node* s = &set;
    for (const auto& d : policy_.sets)
      if (set.kind == NodeKind::name && d.name.text == set.word) s = &d.values;
    for (const auto& part : s->parts) {
      const Value each = value(part, names);
      if (const auto* t = std::get_if<std::string>(&v)) {
        if (*t == std::get<std::string>(each)) return true;
      } else if (std::get<Wide>(v) == std::get<Wide>(each)) {
        return true;
      }
    }
    return false;
  }

  bool like(const std::string& subject, const std::string& pattern, bool of_resource) {
    const bool is_host = case_.kind == "file.read", is_object = case_.kind.starts_with("state.");
    if (!of_resource || case_.kind == "env" || case_.kind == "a.pay") return level_matches(pattern, subject);
    if (!is_host && !is_object) return false;
    if (is_host && pattern.starts_with("**")) return like(subject, "/" + pattern, of_resource);
    if (is_host != pattern.starts_with('/')) return false;  // a pattern of the other kind of path
    const bool below = pattern.ends_with('/');
    return levels_match(levels(pattern), levels(subject), below);
  }

  Value binary(const Node& n, const Names& names) {
    if (n.word == "&&") {
      for (const auto& p : n.parts)
        if (!truth(p, names)) return false;
      return true;
    }
    if (n.word == "||") {
      for (const auto& p : n.parts)
        if (truth(p, names)) return true;
      return false;
    }
    if (n.word == "implies") return !truth(n.parts[0], names) || truth(n.parts[1], names);
    if (n.word == "in") return in_set(value(n.parts[0], names), n.parts[1], names);
    if (n.word == "like") {
      const auto& subject = n.parts[0];
      return like(text(subject, names), n.parts[1].word, subject.kind == NodeKind::member && subject.word == "resource");
    }
    const Value a = value(n.parts[0], names), b = value(n.parts[1], names);
    if (std::holds_alternative<std::string>(a)) return (std::get<std::string>(a) == std::get<std::string>(b)) == (n.word == "==");
    if (std::holds_alternative<bool>(a)) return (std::get<bool>(a) == std::get<bool>(b)) == (n.word == "==");
    const Wide x = std::get<Wide>(a), y = std::get<Wide>(b);
    if (n.word == "==") return x == y;
    if (n.word == "!=") return x != y;
    if (n.word == "<") return x < y;
    if (n.word == "<=") return x <= y;
    if (n.word == ">") return x > y;
    if (n.word == ">=") return x >= y;
    if (n.word == "+") return fits(x + y);
    if (n.word == "-") return fits(x - y);
    if (n.word == "*") return fits(x * y);
    if (y == 0) throw Fails{};
    return n.word == "/" ? fits(x / y) : fits(x % y);
  }

  const Policy& policy_;
  const Case& case_;
};

bool is_of(const std::string& kind, const std::string& type) {
  static const std::map<std::string, std::set<std::string>> types{
      {"Effect", {"state.read", "state.write", "file.read", "env", "clock.real", "a.pay"}},
      {"OwnEffect", {"a.pay"}},
      {"a.pay", {"a.pay"}},
      {"Paid", {"a.pay", "env"}},
      {"StateEffect", {"state.read", "state.write"}},
      {"StateWrite", {"state.write"}},
      {"FileRead", {"file.read"}},
      {"env", {"env"}},
      {"state.read", {"state.read"}}};
  return types.at(type).contains(kind);
}

}  // namespace

std::vector<Refused> decide(const Policy& policy, const Case& c) {
  std::vector<Refused> out;
  Reading reading(policy, c);
  for (const auto& rule : policy.rules) {
    const auto& f = std::get<Forall>(rule.body);
    if (!is_of(c.kind, f.type.text)) continue;
    const Names names{{f.variable.text, Object{"effect"}},
                      {"effect", Object{"effect"}},
                      {"operation", Object{"effect"}},
                      {"capability", Object{"capability"}},
                      {"component", Object{"component"}}};
    try {
      if (f.where && !reading.truth(*f.where, names)) continue;
      if (!reading.truth(f.body, names)) out.push_back({rule.name.text, false});
    } catch (const Fails&) {
      out.push_back({rule.name.text, true});
    }
  }
  return out;
}

}  // namespace writ::policy_model
