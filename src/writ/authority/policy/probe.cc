// Every rule is tried when it is loaded: what can never match, never refuses or always fails is a mistake that nobody
// would notice, since such a rule looks like protection.
#include <fmt/format.h>

#include <limits>
#include <map>

#include "writ/authority/policy/compiler.h"
#include "writ/authority/policy/partial.h"

namespace writ::authority::policy {
namespace {

struct Bounds {
  std::int64_t least, most;
};

// What one comparison of an attribute with a constant leaves of the attribute's values.
void narrow(const Expression& e, std::map<Attribute, Bounds>& bounds, std::map<Attribute, std::string>& texts,
            bool& contradiction) {
  if (e.parts.size() != 2 || e.parts[0].op != Op::attribute || e.parts[1].op != Op::constant) return;
  const auto attribute = e.parts[0].attribute;
  if (e.parts[1].type.base == Base::text) {
    if (e.op != Op::equal) return;
    const auto [it, fresh] = texts.try_emplace(attribute, e.parts[1].text);
    contradiction |= !fresh && it->second != e.parts[1].text;
    return;
  }
  constexpr auto largest = std::numeric_limits<std::int64_t>::max();
  auto& b = bounds.try_emplace(attribute, Bounds{0, largest}).first->second;  // no attribute is below zero
  const auto n = e.parts[1].number;
  switch (e.op) {
    case Op::equal: b = {std::max(b.least, n), std::min(b.most, n)}; break;
    case Op::less: b.most = n <= 0 ? -1 : std::min(b.most, n - 1); break;
    case Op::at_most: b.most = std::min(b.most, n); break;
    case Op::more: b.least = n == largest ? n : std::max(b.least, n + 1); break;
    case Op::at_least: b.least = std::max(b.least, n); break;
    default: return;
  }
  contradiction |= b.least > b.most;
}

// The parts of a chain of && contradict each other, so that no effect can have all of them.
bool contradicts_itself(const Expression& e) {
  std::map<Attribute, Bounds> bounds;
  std::map<Attribute, std::string> texts;
  bool contradiction = false;
  std::vector<const Expression*> open{&e};
  while (!open.empty()) {
    const auto* next = open.back();
    open.pop_back();
    if (next->op == Op::all) {
      for (const auto& p : next->parts) open.push_back(&p);
    } else {
      narrow(*next, bounds, texts, contradiction);
    }
  }
  return contradiction;
}

}  // namespace

void probe(const EffectRule& rule, const syntax::Rule& written, const effect::OwnKinds& own, Diagnostics& diagnostics) {
  const auto every_kind = [&](const Expression& e, Question question, auto&& test) {
    bool all = true;
    for (const auto& w : effect::vocabulary) {
      if (!(rule.kinds & bit(w.kind))) continue;
      Facts facts;
      facts.kind = w.kind;
      all &= test(partial(e, facts, Known::kind, question));
    }
    if (!(rule.kinds & bit(effect::Kind::own))) return all;
    Facts facts;
    facts.kind = effect::Kind::own;
    if (own.declared().empty()) return all && test(partial(e, facts, Known::kind, question));  // of other policies, and of tasks
    for (const auto& kind : own.declared()) {
      facts.own = kind.name;
      all &= test(partial(e, facts, Known::kind, question));
    }
    return all;
  };
  const auto never = [](const Value& v) { return v.is_false() || v.tag == Value::Tag::failed; };
  if (rule.where && (every_kind(*rule.where, Question::possible, never) || contradicts_itself(*rule.where)))
    return diagnostics.add(written.name.at, fmt::format("the rule `{}` can never match", written.name.text),
                           "no effect has what its `where` asks for");
  if (every_kind(rule.check, Question::exact, [](const Value& v) { return v.tag == Value::Tag::failed; }))
    return diagnostics.add(written.name.at, fmt::format("the expression of the rule `{}` always fails", written.name.text));
  if (every_kind(rule.check, Question::exact, [](const Value& v) { return v.is_true(); }))
    diagnostics.add(written.name.at, fmt::format("the rule `{}` never refuses anything", written.name.text),
                    "its expression is always true");
}

}  // namespace writ::authority::policy
