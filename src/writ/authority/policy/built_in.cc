// The built-in predicates, and patterns.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "writ/authority/policy/checker.h"
#include "writ/authority/policy/wording.h"

namespace writ::authority::policy {
namespace {

// A rule speaks of resources of several forms with one pattern, and must not pass one by: what any depth may come before may
// begin at the root of the host, and a name is one level, in which `**` takes no more than `*`.
std::string in_form(std::string_view pattern, effect::ResourceForm form) {
  std::string text(pattern);
  if (form == effect::ResourceForm::host_path && text.starts_with("**")) text.insert(0, "/");
  if (form == effect::ResourceForm::name)
    for (std::size_t at; (at = text.find("**")) != text.npos;) text.erase(at, 1);
  return text;
}

using syntax::Node;
using syntax::NodeKind;

constexpr Type boolean{Base::boolean, false}, text{Base::text, false};

Expression make(Op op, Span at) {
  Expression e;
  e.op = op;
  e.type = boolean;
  e.at = at;
  return e;
}

}  // namespace

Checker::Checked Checker::built_in(BuiltIn predicate, const Node& node, const Scope& scope) {
  const auto& word = built_ins()[static_cast<std::size_t>(predicate)];
  const std::size_t wanted = predicate == BuiltIn::is_empty ? 1 : 2;
  if (node.parts.size() != wanted) return fail(node.at, fmt::format("{} takes ({})", quote(node.word), word.arguments));
  auto first = any(node.parts[0], scope);
  if (!first) return std::nullopt;
  const auto* object = std::get_if<Object>(&*first);
  const auto is = [&](Object o) { return object != nullptr && *object == o; };
  const auto literal = [&]() -> std::optional<std::string> {
    const auto& n = node.parts[1];
    if (n.kind != NodeKind::text) return fail(n.at, "a text in double quotes is wanted here");
    return n.word;
  };
  switch (predicate) {
    case BuiltIn::starts_with:
    case BuiltIn::ends_with:
    case BuiltIn::contains:
    case BuiltIn::is_empty: {
      if (object != nullptr || std::get<Expression>(*first).type != text)
        return fail(node.parts[0].at, fmt::format("{} takes ({})", quote(node.word), word.arguments));
      static constexpr std::array ops{Op::starts_with, Op::ends_with, Op::contains, Op::is_empty};
      Expression e = make(ops[static_cast<std::size_t>(predicate)], node.at);
      e.parts.push_back(std::move(std::get<Expression>(*first)));
      if (wanted == 1) return e;
      auto second = expression(node.parts[1], scope);
      if (!second) return std::nullopt;
      if (second->type != text) return fail(node.parts[1].at, "a Text is wanted here");
      e.parts.push_back(std::move(*second));
      return e;
    }
    case BuiltIn::matches: {
      if (object != nullptr || std::get<Expression>(*first).type != text) return fail(node.parts[0].at, "a Text is wanted here");
      auto e = glob(std::move(std::get<Expression>(*first)), node.parts[1]);
      if (!e) return std::nullopt;
      e->at = node.at;
      return std::move(*e);
    }
    case BuiltIn::requires_capability: {
      if (!is(Object::effect)) return fail(node.parts[0].at, "only an effect requires a capability");
      const auto& n = node.parts[1];
      const auto found = declarations_.capabilities.find(n.word);
      if (n.kind != NodeKind::name || found == declarations_.capabilities.end()) {
        std::vector<std::string_view> known;
        for (const auto& [name, grant] : declarations_.capabilities) known.push_back(name);
        return fail(n.at, "unknown capability " + quote(n.word),
                    hint_of(n.word, known, "declare it: capability NAME = \"GRANT\";"));
      }
      if ((bit(found->second->kind) & domain_) == 0)
        return fail(n.at,
                    fmt::format("{} is about {}, which this rule is not", quote(n.word), effect::name(found->second->kind)));
      Expression e = make(Op::covered, node.at);
      e.capability = found->second;
      return e;
    }
    case BuiltIn::bounds: {
      if (!is(Object::capability)) return fail(node.parts[0].at, "only the capability bounds something");
      const auto limit = literal();
      if (!limit) return std::nullopt;
      const auto found = std::ranges::find(effect::limit_names, *limit);
      if (found == effect::limit_names.end())
        return fail(node.parts[1].at, "unknown limit " + quote(*limit), hint_of(*limit, effect::limit_names));
      Expression e = make(Op::bounds, node.at);
      e.number = found - effect::limit_names.begin();
      return e;
    }
    case BuiltIn::has_label: {
      if (!is(Object::component)) return fail(node.parts[0].at, "only a component has labels");
      const auto label = literal();
      if (!label) return std::nullopt;
      if (label->find('=') == label->npos || label->front() == '=') return fail(node.parts[1].at, "a label is KEY=VALUE");
      Expression e = make(Op::has_label, node.at);
      e.text = *label;
      return e;
    }
  }
  return std::nullopt;
}

// A pattern as it would stand in a grant. It must have a meaning for some kind of the rule.
std::optional<Expression> Checker::glob(Expression subject, const Node& pattern) {
  if (pattern.kind != NodeKind::text) return fail(pattern.at, "a pattern is a text in double quotes");
  using effect::ResourceForm;
  const bool of_resource = subject.op == Op::attribute && subject.attribute == Attribute::effect_resource;
  auto globs = std::make_shared<Globs>();
  std::string why = "a pattern is written as in a grant";
  bool some = false;
  for (const auto form : {ResourceForm::object_path, ResourceForm::host_path, ResourceForm::name}) {
    bool wanted = !of_resource && form == ResourceForm::name;
    for (const auto& w : effect::vocabulary) wanted |= of_resource && (domain_ & bit(w.kind)) && w.resource == form;
    wanted |= of_resource && (domain_ & bit(effect::Kind::own)) && form == ResourceForm::name;
    if (!wanted) continue;
    if (form == ResourceForm::host_path && !pattern.word.starts_with('/') && !pattern.word.starts_with("**")) {
      why = "a host path begins with /";
      continue;
    }
    auto parsed = Pattern::parse(in_form(pattern.word, form), form, "/");
    if (!parsed) {
      why = parsed.error().text();
      continue;
    }
    globs->by_form[static_cast<std::size_t>(form)] = std::move(*parsed);
    some = true;
  }
  if (!some)
    return fail(pattern.at,
                of_resource ? fmt::format("no resource of {} is ever like this", domain_ ? names_of(domain_) : "a component")
                            : "not a pattern",
                why);
  Expression e = make(Op::like, pattern.at);
  e.globs = std::move(globs);
  e.text = pattern.word;
  e.number = of_resource ? 1 : 0;
  e.parts.push_back(std::move(subject));
  return e;
}

}  // namespace writ::authority::policy
