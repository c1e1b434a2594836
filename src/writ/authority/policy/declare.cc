#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "writ/authority/policy/compiler.h"
#include "writ/authority/policy/partial.h"
#include "writ/base/escape.h"
#include "writ/base/nearest.h"

namespace writ::authority::policy {
namespace {

using syntax::Word;

class Declarer {
 public:
  Declarer(const syntax::Policy& policy, Diagnostics& diagnostics) : policy_(policy), diagnostics_(diagnostics) {}

  Declarations run() {
    out_.own = own_kinds(policy_, diagnostics_);
    for (const auto& kind : out_.own.declared())
      out_.effects.emplace(kind.name, Declarations::EffectType{bit(effect::Kind::own), is_one_of(bit(effect::Kind::own), {kind.name})});
    for (const auto& s : policy_.sets)
      if (fresh(s.name)) set(s);
    for (const auto& c : policy_.capabilities)
      if (fresh(c.name)) capability(c);
    std::size_t order = 0;
    for (const auto& p : policy_.predicates)
      if (fresh(p.name)) predicate(p, order++);
    for (const auto& t : policy_.types)
      if (fresh(t.name)) type(t);
    return std::move(out_);
  }

 private:
  bool fresh(const Word& name) {
    const bool taken = find_effect_type(name.text) || find_value_type(name.text) || name.text == "Component" ||
                       name.text == "SecurityViolation" || name.text == "effect" || name.text == "operation" ||
                       name.text == "capability" || name.text == "component" ||
                       std::ranges::any_of(built_ins(), [&](const auto& p) { return p.name == name.text; });
    if (!taken && seen_.insert(name.text).second) return true;
    diagnostics_.add(name.at, fmt::format("`{}` {}", name.text, taken ? "is a word of the language" : "is declared twice"),
                     "choose another name");
    return false;
  }

  void set(const syntax::SetDeclaration& s) {
    if (auto e = Checker(out_, no_kinds, diagnostics_).set(s.values)) out_.sets.emplace(s.name.text, std::pair(e->type, e->set));
  }

  void capability(const syntax::CapabilityDeclaration& c) {
    auto grant = parse_grant(c.grant.text, "/", WallTime{}, out_.own);
    if (!grant) return diagnostics_.add(c.grant.at, "not a grant: " + grant.error().what, grant.error().hint);
    if (std::ranges::none_of(grant->limits.fields, &FieldLimit::bounds)) grant->limits.fields.clear();
    if (!grant->limits.empty())
      return diagnostics_.add(c.grant.at, "a capability that a rule requires has no limits",
                              "compare with capability.max_size and its like instead");
    out_.capabilities.emplace(c.name.text, std::make_shared<const Grant>(std::move(*grant)));
  }

  void predicate(const syntax::PredicateDeclaration& p, std::size_t order) {
    std::set<std::string> names;
    for (const auto& parameter : p.parameters) {
      if (!names.insert(parameter.name.text).second) diagnostics_.add(parameter.name.at, "two parameters of one name");
      if (!find_value_type(parameter.type.text) && !find_effect_type(parameter.type.text) && parameter.type.text != "Component" &&
          parameter.type.text != "Capability") {
        auto known = value_type_names();
        const auto near = nearest(parameter.type.text, known);
        diagnostics_.add(parameter.type.at, fmt::format("unknown type `{}`", parameter.type.text),
                         near ? fmt::format("did you mean `{}`?", *near)
                              : fmt::format("values are {}; or Effect, Capability, Component", fmt::join(known, ", ")));
        return;
      }
    }
    out_.predicates.emplace(p.name.text, Declarations::Predicate{p.parameters, &p.body, order});
  }

  void type(const syntax::TypeDeclaration& t) {
    Kinds kinds = no_kinds;
    std::vector<std::string> own;
    bool component = false;
    for (const auto& base : t.bases) {
      if (base.text == "Component")
        component = true;
      else if (const auto found = find_effect_type(base.text))
        kinds |= *found;
      else if (const auto* kind = out_.own.find(base.text))
        own.push_back(kind->name);
      else if (const auto declared = out_.effects.find(base.text); declared != out_.effects.end() && !declared->second.where)
        kinds |= declared->second.kinds;
      else
        return unknown_type(base);
    }
    const Kinds others = kinds;
    if (!own.empty()) kinds |= bit(effect::Kind::own);
    if (component && (kinds != no_kinds || t.bases.size() > 1))
      return diagnostics_.add(t.name.at, "a type is one of effects or one of components, not of both");
    std::optional<Expression> where;
    if (t.where) {
      where = Checker(out_, kinds, diagnostics_)
                  .check(*t.where, component ? component_scope("component") : effect_scope("effect"), {Base::boolean, false});
      if (!where) return;
      if (component && where->depends_on(Varies::each_effect))
        return diagnostics_.add(t.where->at, "a component is judged when it is admitted, before it has tried anything");
    }
    if (!own.empty() && (others & bit(effect::Kind::own)) == 0) {
      auto is = is_one_of(others, std::move(own));
      if (where) {
        Expression all = is;
        all.op = Op::all;
        all.parts.clear();
        all.parts.push_back(std::move(is));
        all.parts.push_back(std::move(*where));
        where = std::move(all);
      } else {
        where = std::move(is);
      }
    }
    if (component)
      out_.components.emplace(t.name.text, Declarations::ComponentType{std::move(where)});
    else
      out_.effects.emplace(t.name.text, Declarations::EffectType{kinds, std::move(where)});
  }

  // effect.kind in [...]: all of one's own are one Kind.
  static Expression is_one_of(Kinds kinds, std::vector<std::string> own) {
    auto words = std::make_shared<ValueSet>();
    words->texts = std::move(own);
    for (const auto& w : effect::vocabulary)
      if (kinds & bit(w.kind)) words->texts.emplace_back(w.name);
    std::ranges::sort(words->texts);
    Expression kind;
    kind.op = Op::attribute;
    kind.type = {Base::text, false};
    kind.attribute = Attribute::effect_kind;
    Expression e;
    e.op = Op::in_set;
    e.type = {Base::boolean, false};
    e.set = std::move(words);
    e.parts.push_back(std::move(kind));
    return e;
  }

  void unknown_type(const Word& base) {
    const auto names = effect_type_names();
    std::vector<std::string_view> known(names.begin(), names.end());
    for (const auto& kind : out_.own.declared()) known.push_back(kind.name);
    const auto near = nearest(base.text, known);
    diagnostics_.add(base.at, fmt::format("no gate here enforces `{}`: it is not in the vocabulary of effects", base.text),
                     near ? fmt::format("did you mean `{}`?", *near) : fmt::format("there are {}", names_of(all_kinds())));
  }

  const syntax::Policy& policy_;
  Diagnostics& diagnostics_;
  Declarations out_;
  std::set<std::string> seen_;
};

}  // namespace

Scope effect_scope(std::string_view variable) {
  Scope scope{{"effect", Object::effect},
              {"operation", Object::effect},
              {"capability", Object::capability},
              {"component", Object::component}};
  scope.insert_or_assign(std::string(variable), Object::effect);
  return scope;
}

Scope component_scope(std::string_view variable) {
  Scope scope{{"component", Object::component}};
  scope.insert_or_assign(std::string(variable), Object::component);
  return scope;
}

effect::OwnKinds own_kinds(const syntax::Policy& policy, Diagnostics& diagnostics) {
  effect::OwnKinds out;
  for (const auto& d : policy.effects) {
    std::vector<std::string> fields;
    for (const auto& f : d.fields) {
      const auto is_attribute = [&](const AttributeWord& a) { return a.of == Object::effect && a.name == f.text; };
      if (std::ranges::any_of(attributes(), is_attribute))
        diagnostics.add(f.at, fmt::format("`{}` is an attribute of every effect", f.text), "choose another name for the field");
      fields.push_back(f.text);
    }
    if (out.find(d.name.text) != nullptr) {
      diagnostics.add(d.name.at, fmt::format("`{}` is declared twice", d.name.text), "declare it once, with all of its fields");
      continue;
    }
    auto kind = effect::declare_kind(d.name.text, std::move(fields));
    auto added = kind ? out.add(*kind) : Result<void>(kind.error());
    if (!added) diagnostics.add(d.name.at, added.error().what, added.error().hint);
  }
  return out;
}

Declarations declare(const syntax::Policy& policy, Diagnostics& diagnostics) { return Declarer(policy, diagnostics).run(); }

}  // namespace writ::authority::policy
