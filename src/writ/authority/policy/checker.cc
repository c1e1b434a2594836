#include "writ/authority/policy/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "writ/authority/policy/lexer.h"
#include "writ/authority/policy/wording.h"

namespace writ::authority::policy {
namespace {

using syntax::Node;
using syntax::NodeKind;

constexpr std::size_t max_expanded = 1000;  // predicates put in place in one expression: they may multiply
constexpr Type boolean{Base::boolean, false}, text{Base::text, false};

template <class Map>
void add_keys(std::vector<std::string_view>& out, const Map& map) {
  for (const auto& [key, value] : map) out.push_back(key);
}

bool is_constant(const Expression& e) { return e.op == Op::constant; }

// 5 where an Amount is wanted means 5.00.
bool as_amount(Expression& e) {
  if (e.type.base != Base::number || !is_constant(e) || e.type.is_set) return false;
  if (__builtin_mul_overflow(e.number, amount_scale, &e.number)) return false;
  e.type.base = Base::amount;
  return true;
}

void agree(Expression& a, Expression& b) {
  if (a.type.base == Base::amount) as_amount(b);
  if (b.type.base == Base::amount) as_amount(a);
}

Expression make(Op op, Type type, Span at, std::vector<Expression> parts = {}) {
  Expression e;
  e.op = op;
  e.type = type;
  e.at = at;
  e.parts = std::move(parts);
  return e;
}

constexpr std::array<std::pair<std::string_view, Op>, 16> operators{{{"||", Op::any},
                                                                     {"&&", Op::all},
                                                                     {"implies", Op::implies},
                                                                     {"==", Op::equal},
                                                                     {"!=", Op::unequal},
                                                                     {"<", Op::less},
                                                                     {"<=", Op::at_most},
                                                                     {">", Op::more},
                                                                     {">=", Op::at_least},
                                                                     {"+", Op::add},
                                                                     {"-", Op::subtract},
                                                                     {"*", Op::multiply},
                                                                     {"/", Op::divide},
                                                                     {"%", Op::remainder},
                                                                     {"in", Op::in_set},
                                                                     {"like", Op::like}}};

}  // namespace

bool Expression::depends_on(Varies how) const {
  if (op == Op::attribute) return word(attribute).varies == how;
  if (op == Op::field) return how == (number == 0 ? Varies::each_effect : Varies::fixed);
  if (op == Op::covered || op == Op::bounds || op == Op::has_label) return how == Varies::fixed;
  return std::ranges::any_of(parts, [&](const Expression& p) { return p.depends_on(how); });
}

std::nullopt_t Checker::fail(Span at, std::string what, std::string hint) {
  diagnostics_.add(at, std::move(what), std::move(hint));
  return std::nullopt;
}

std::optional<Expression> Checker::check(const Node& node, const Scope& scope, Type wanted) {
  expanded_ = 0;
  auto e = expression(node, scope);
  if (!e) return std::nullopt;
  if (wanted.base == Base::amount) as_amount(*e);
  if (e->type != wanted)
    return fail(node.at, fmt::format("this is a {}, and a {} is wanted", policy::name(e->type), policy::name(wanted)));
  return e;
}

std::optional<Expression> Checker::value(const Node& node) { return expression(node, {}); }

std::optional<Expression> Checker::expression(const Node& node, const Scope& scope) {
  auto found = any(node, scope);
  if (!found) return std::nullopt;
  if (const auto* object = std::get_if<Object>(&*found))
    return fail(node.at, fmt::format("the {} itself is not a value", policy::name(*object)), "name one of its attributes");
  return std::move(std::get<Expression>(*found));
}

Checker::Checked Checker::any(const Node& node, const Scope& scope) {
  Expression e = make(Op::constant, boolean, node.at);
  e.number = node.number;
  switch (node.kind) {
    case NodeKind::boolean: return e;
    case NodeKind::number: e.type.base = Base::number; return e;
    case NodeKind::decimal: e.type.base = Base::amount; return e;
    case NodeKind::text:
      e.type.base = Base::text;
      e.text = node.word;
      return e;
    case NodeKind::quantity: {
      std::vector<std::string_view> known;
      for (const auto& u : units()) {
        known.push_back(u.name);
        if (u.name != node.word) continue;
        e.type.base = u.base;
        if (__builtin_mul_overflow(node.number, u.factor, &e.number)) return fail(node.at, "this is more than 64 bits hold");
        return e;
      }
      return fail(node.at, "unknown unit " + quote(node.word),
                  hint_of(node.word, known, "units are such as MB, MiB, seconds, MBps, percent"));
    }
    case NodeKind::set: {
      auto s = set(node);
      if (!s) return std::nullopt;
      return std::move(*s);
    }
    case NodeKind::name: return name(node, scope);
    case NodeKind::member: return member(node, scope);
    case NodeKind::call: return call(node, scope);
    case NodeKind::unary: return unary(node, scope);
    case NodeKind::binary: return binary(node, scope);
  }
  return std::nullopt;
}

std::optional<Expression> Checker::set(const Node& node) {
  if (node.kind == NodeKind::name)
    if (const auto found = declarations_.sets.find(node.word); found != declarations_.sets.end()) {
      Expression e = make(Op::constant, found->second.first, node.at);
      e.set = found->second.second;
      return e;
    }
  if (node.kind != NodeKind::set) return fail(node.at, "a set is wanted", "write [\"a\", \"b\"], or the name of a declared set");
  if (node.parts.empty()) return fail(node.at, "an empty set holds nothing", "name its values");
  auto values = std::make_shared<ValueSet>();
  std::optional<Type> type;
  for (const auto& part : node.parts) {
    auto v = expression(part, {});
    if (!v) return std::nullopt;
    if (!is_constant(*v) || v->type.is_set) return fail(part.at, "a set holds constants");
    if (type && type->base == Base::amount) as_amount(*v);
    if (type && *type != v->type)
      return fail(part.at, fmt::format("a {} among values of type {}", policy::name(v->type), policy::name(*type)));
    type = v->type;
    if (v->type.base == Base::text)
      values->texts.push_back(std::move(v->text));
    else
      values->numbers.push_back(v->number);
  }
  std::ranges::sort(values->numbers);
  std::ranges::sort(values->texts);
  values->numbers.erase(std::ranges::unique(values->numbers).begin(), values->numbers.end());
  values->texts.erase(std::ranges::unique(values->texts).begin(), values->texts.end());
  Expression e = make(Op::constant, {type->base, true}, node.at);
  e.set = std::move(values);
  return e;
}

Checker::Checked Checker::name(const Node& node, const Scope& scope) {
  if (const auto found = scope.find(node.word); found != scope.end()) {
    Meaning m = found->second;
    if (auto* e = std::get_if<Expression>(&m)) e->at = node.at;
    return m;
  }
  if (declarations_.sets.contains(node.word)) {
    auto s = set(node);
    if (!s) return std::nullopt;
    return std::move(*s);
  }
  std::vector<std::string_view> known;
  add_keys(known, scope);
  add_keys(known, declarations_.sets);
  return fail(node.at, "unknown name " + quote(node.word),
              hint_of(node.word, known, known.empty() ? "" : fmt::format("known here: {}", fmt::join(known, ", "))));
}

Checker::Checked Checker::member(const Node& node, const Scope& scope) {
  auto of = any(node.parts[0], scope);
  if (!of) return std::nullopt;
  const auto* object = std::get_if<Object>(&*of);
  if (object == nullptr)
    return fail(node.at, fmt::format("a {} has no attributes", policy::name(std::get<Expression>(*of).type)));
  std::vector<std::string_view> known;
  for (const auto& a : attributes()) {
    if (a.of != *object) continue;
    known.push_back(a.name);
    if (a.name != node.word) continue;
    Expression e = make(Op::attribute, {a.base, false}, node.at);
    e.attribute = a.attribute;
    return e;
  }
  std::vector<std::string> fields;  // of the kinds that are declared here
  for (const auto& kind : declarations_.own.declared())
    for (const auto& field : kind.fields) fields.push_back((*object == Object::capability ? "max_" : "") + field);
  if (*object != Object::component) {
    known.insert(known.end(), fields.begin(), fields.end());
    if ((domain_ & bit(effect::Kind::own)) != 0 && std::ranges::find(fields, node.word) != fields.end()) {
      Expression e = make(Op::field, {Base::amount, false}, node.at);
      e.number = *object == Object::capability ? 1 : 0;
      e.text = *object == Object::capability ? node.word.substr(4) : node.word;
      return e;
    }
  }
  for (const auto& g : gauges())
    if (*object == Object::component && g.name == node.word)
      return fail(node.at, fmt::format("{} is a gauge: it can only be bounded from above by a constant", quote(node.word)),
                  fmt::format("as a part of its own in a rule about a component: component.{} <= ...", node.word));
  return fail(node.at, fmt::format("the {} has no attribute {}", policy::name(*object), quote(node.word)),
              hint_of(node.word, known, fmt::format("it has {}", fmt::join(known, ", "))));
}

Checker::Checked Checker::call(const Node& node, const Scope& scope) {
  std::vector<std::string_view> known;
  for (const auto& p : built_ins()) {
    known.push_back(p.name);
    if (p.name == node.word) return built_in(p.predicate, node, scope);
  }
  if (const auto found = declarations_.predicates.find(node.word); found != declarations_.predicates.end())
    return declared(found->second, node, scope);
  add_keys(known, declarations_.predicates);
  return fail(node.at, "unknown predicate " + quote(node.word),
              hint_of(node.word, known, "declare it: predicate NAME(x: Text) = ...;"));
}

Checker::Checked Checker::declared(const Declarations::Predicate& p, const Node& node, const Scope& scope) {
  if (p.order >= below_)
    return fail(node.at, quote(node.word) + " is declared later", "a predicate may use those declared before it");
  if (++expanded_ > max_expanded) return fail(node.at, "predicates that use predicates make this expression too long");
  if (node.parts.size() != p.parameters.size())
    return fail(node.at, fmt::format("{} takes {} arguments, not {}", quote(node.word), p.parameters.size(), node.parts.size()));
  Scope inner;
  for (std::size_t i = 0; i < node.parts.size(); ++i) {
    auto argument = any(node.parts[i], scope);
    if (!argument) return std::nullopt;
    const auto& wanted = p.parameters[i].type;
    if (const auto* object = std::get_if<Object>(&*argument)) {
      const bool fits = (wanted.text == "Component" && *object == Object::component) ||
                        (wanted.text == "Capability" && *object == Object::capability) ||
                        (*object == Object::effect && find_effect_type(wanted.text));
      if (!fits) return fail(node.parts[i].at, fmt::format("the {} is not a {}", policy::name(*object), wanted.text));
    } else {
      auto& e = std::get<Expression>(*argument);
      const auto type = find_value_type(wanted.text);
      if (type && type->base == Base::amount) as_amount(e);
      if (!type || e.type != *type)
        return fail(node.parts[i].at, fmt::format("a {} is not a {}", policy::name(e.type), wanted.text));
    }
    inner.emplace(p.parameters[i].name.text, std::move(*argument));
  }
  const auto before = std::exchange(below_, p.order);
  auto body = expression(*p.body, inner);
  below_ = before;
  if (!body) return std::nullopt;
  body->at = node.at;
  return std::move(*body);
}

Checker::Checked Checker::unary(const Node& node, const Scope& scope) {
  auto e = expression(node.parts[0], scope);
  if (!e) return std::nullopt;
  if (node.word == "!") {
    if (e->type != boolean) return fail(node.at, fmt::format("! of a {}", policy::name(e->type)));
    return make(Op::not_, boolean, node.at, {std::move(*e)});
  }
  if (e->type.is_set || e->type.base == Base::text || e->type.base == Base::boolean)
    return fail(node.at, fmt::format("- of a {}", policy::name(e->type)));
  const Type type = e->type;
  return make(Op::negate, type, node.at, {std::move(*e)});
}

Checker::Checked Checker::binary(const Node& node, const Scope& scope) {
  const auto op = std::ranges::find(operators, node.word, &std::pair<std::string_view, Op>::first)->second;
  switch (op) {
    case Op::any:
    case Op::all:
    case Op::implies: {
      Expression e = make(op, boolean, node.at);
      for (const auto& part : node.parts) {
        auto p = expression(part, scope);
        if (!p) return std::nullopt;
        if (p->type != boolean) return fail(part.at, fmt::format("a {} is neither true nor false", policy::name(p->type)));
        e.parts.push_back(std::move(*p));
      }
      return e;
    }
    case Op::in_set: return membership(node, scope);
    case Op::like: {
      auto subject = expression(node.parts[0], scope);
      if (!subject) return std::nullopt;
      if (subject->type != text) return fail(node.parts[0].at, "like takes a Text");
      auto e = glob(std::move(*subject), node.parts[1]);
      if (!e) return std::nullopt;
      e->at = node.at;
      return std::move(*e);
    }
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::remainder: return arithmetic(op, node, scope);
    default: return comparison(op, node, scope);
  }
}

// effect.kind == "state.reed" can never hold: the words of these attributes are known.
bool Checker::known_word(const Expression& attribute, const Expression& constant) {
  if (attribute.op != Op::attribute || !is_constant(constant)) return true;
  std::vector<std::string_view> known;
  if (attribute.attribute == Attribute::effect_kind) {
    for (const auto& w : effect::vocabulary) known.push_back(w.name);
    for (const auto& k : declarations_.own.declared()) known.push_back(k.name);
  } else if (attribute.attribute == Attribute::effect_nature) {
    known = {"read", "staged", "outbound", "ambient"};
  } else if (attribute.attribute == Attribute::component_fence) {
    known = {"key", "page", "sim", "none"};
  } else {
    return true;
  }
  std::vector<std::string> words = constant.set ? constant.set->texts : std::vector{constant.text};
  for (const auto& w : words)
    if (std::ranges::find(known, w) == known.end()) {
      fail(constant.at,
           fmt::format("no {} of an {} is {}", word(attribute.attribute).name, policy::name(word(attribute.attribute).of),
                       quote(w)),
           hint_of(w, known, fmt::format("known are {}", fmt::join(known, ", "))));
      return false;
    }
  return true;
}

Checker::Checked Checker::comparison(Op op, const Node& node, const Scope& scope) {
  auto a = expression(node.parts[0], scope), b = expression(node.parts[1], scope);
  if (!a || !b) return std::nullopt;
  agree(*a, *b);
  if (a->type != b->type)
    return fail(node.at, fmt::format("a {} is compared with a {}", policy::name(a->type), policy::name(b->type)));
  const bool equality = op == Op::equal || op == Op::unequal;
  if (a->type.is_set || (!equality && (a->type.base == Base::text || a->type.base == Base::boolean)))
    return fail(node.at, fmt::format("{} does not compare values of type {}", quote(node.word), policy::name(a->type)));
  if (!known_word(*a, *b) || !known_word(*b, *a)) return std::nullopt;
  return make(op, boolean, node.at, {std::move(*a), std::move(*b)});
}

Checker::Checked Checker::arithmetic(Op op, const Node& node, const Scope& scope) {
  auto a = expression(node.parts[0], scope), b = expression(node.parts[1], scope);
  if (!a || !b) return std::nullopt;
  const auto counts = [](const Expression& e) {
    return !e.type.is_set && e.type.base != Base::text && e.type.base != Base::boolean;
  };
  const bool scales = op == Op::multiply || op == Op::divide;
  if (!scales) agree(*a, *b);
  const bool fits =
      counts(*a) && counts(*b) &&
      (a->type == b->type ? op != Op::multiply || a->type.base == Base::number : scales && b->type.base == Base::number);
  if (!fits)
    return fail(node.at, fmt::format("a {} {} a {} has no meaning", policy::name(a->type), node.word, policy::name(b->type)));
  const Type type = op == Op::divide && a->type == b->type ? Type{Base::number, false} : a->type;
  return make(op, type, node.at, {std::move(*a), std::move(*b)});
}

Checker::Checked Checker::membership(const Node& node, const Scope& scope) {
  auto a = expression(node.parts[0], scope);
  auto b = a ? expression(node.parts[1], scope) : std::nullopt;
  if (!a || !b) return std::nullopt;
  if (!b->type.is_set)
    return fail(node.parts[1].at, fmt::format("in takes a set, not a {}", policy::name(b->type)), "write [\"a\", \"b\"]");
  if (a->type != Type{b->type.base, false})
    return fail(node.at, fmt::format("a {} is never in a {}", policy::name(a->type), policy::name(b->type)));
  if (!known_word(*a, *b)) return std::nullopt;
  Expression e = make(Op::in_set, boolean, node.at);
  e.set = b->set;
  e.parts.push_back(std::move(*a));
  return e;
}

}  // namespace writ::authority::policy
