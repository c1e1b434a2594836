// What a policy file says, before anything is known about what its words mean: the tree that the parser makes. Grammar
// and meaning: docs/policy-language.md.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "writ/authority/policy/diagnostic.h"

namespace writ::authority::policy::syntax {

struct Word {
  std::string text;
  Span at;
};

enum class NodeKind : std::uint8_t {
  number,    // 100
  decimal,   // 100.00, in units of 1 / amount_scale
  quantity,  // 100.MB: `word` is the unit
  text,
  boolean,
  name,    // a variable, a set, a capability
  member,  // parts[0].word
  call,    // word(parts...); a.f(b) is f(a, b)
  set,     // [parts...]
  unary,   // ! -
  binary,  // || && implies == != < <= > >= in like + - * / %
};

struct Node {
  NodeKind kind = NodeKind::boolean;
  Span at;
  std::string word;
  std::int64_t number = 0;
  std::vector<Node> parts;
};

struct TypeDeclaration {  // type NAME = BASE | BASE where EXPRESSION;
  Word name;
  std::vector<Word> bases;
  std::optional<Node> where;
};
struct EffectDeclaration {  // effect KIND(FIELD, ...);
  Word name;
  std::vector<Word> fields;
};
struct CapabilityDeclaration {  // capability NAME = "GRANT";
  Word name, grant;
};
struct SetDeclaration {  // set NAME = [ ... ];
  Word name;
  Node values;
};
struct Parameter {
  Word name, type;
};
struct PredicateDeclaration {  // predicate NAME(x: Text) = EXPRESSION;
  Word name;
  std::vector<Parameter> parameters;
  Node body;
};

struct Forall {
  Word variable, type;
  std::optional<Node> where;
  Node body;
};
struct Arm {
  Word severity, action;
};
struct OnViolation {
  Word variable, type;
  std::vector<Arm> arms;
};
struct Rule {
  Word name;
  std::optional<Word> severity;
  std::variant<Forall, OnViolation> body;
};

struct Given {  // capability "GRANT"; component NAME = "VALUE";
  Word name, value;
};
struct Case {  // allow|deny "EFFECT:RESOURCE" with NAME = VALUE, ... by RULE, ...;
  Word verdict, effect;
  std::vector<std::pair<Word, Node>> values;
  std::vector<Word> by;
};
struct Test {
  Word name;
  std::vector<Given> givens;
  std::vector<Case> cases;
};

struct Policy {
  Word name;
  std::vector<EffectDeclaration> effects;
  std::vector<TypeDeclaration> types;
  std::vector<CapabilityDeclaration> capabilities;
  std::vector<SetDeclaration> sets;
  std::vector<PredicateDeclaration> predicates;
  std::vector<Rule> rules;
  std::vector<Test> tests;
};
using File = std::vector<Policy>;

}  // namespace writ::authority::policy::syntax
