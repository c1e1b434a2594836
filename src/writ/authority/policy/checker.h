// The checker: gives every word of a policy its meaning and every expression its type, or says what is wrong with it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>

#include "writ/authority/policy/expression.h"
#include "writ/authority/policy/syntax.h"

namespace writ::authority::policy {

// What a name means inside an expression.
using Meaning = std::variant<Object, Expression>;
using Scope = std::map<std::string, Meaning, std::less<>>;

// The declarations of one policy.
struct Declarations {
  struct EffectType {
    Kinds kinds = no_kinds;
    std::optional<Expression> where;
  };
  struct ComponentType {
    std::optional<Expression> where;
  };
  struct Predicate {
    std::vector<syntax::Parameter> parameters;
    const syntax::Node* body = nullptr;
    std::size_t order = 0;  // a predicate may use those declared before it, so that there is no recursion
  };
  effect::OwnKinds own;
  std::map<std::string, EffectType, std::less<>> effects;  // kinds of one's own among them
  std::map<std::string, ComponentType, std::less<>> components;
  std::map<std::string, std::pair<Type, std::shared_ptr<const ValueSet>>, std::less<>> sets;
  std::map<std::string, std::shared_ptr<const Grant>, std::less<>> capabilities;
  std::map<std::string, Predicate, std::less<>> predicates;
};

class Checker {
 public:
  Checker(const Declarations& declarations, Kinds domain, Diagnostics& diagnostics)
      : declarations_(declarations), domain_(domain), diagnostics_(diagnostics) {}

  // The expression, if it is right and of this type.
  std::optional<Expression> check(const syntax::Node&, const Scope&, Type wanted);
  // A set declaration's values, or one value of a test case.
  std::optional<Expression> value(const syntax::Node&);
  std::optional<Expression> set(const syntax::Node&);

 private:
  using Checked = std::optional<Meaning>;
  Checked any(const syntax::Node&, const Scope&);
  std::optional<Expression> expression(const syntax::Node&, const Scope&);
  Checked name(const syntax::Node&, const Scope&);
  Checked member(const syntax::Node&, const Scope&);
  Checked call(const syntax::Node&, const Scope&);
  Checked built_in(BuiltIn, const syntax::Node&, const Scope&);
  Checked declared(const Declarations::Predicate&, const syntax::Node&, const Scope&);
  Checked binary(const syntax::Node&, const Scope&);
  Checked comparison(Op, const syntax::Node&, const Scope&);
  Checked arithmetic(Op, const syntax::Node&, const Scope&);
  Checked membership(const syntax::Node&, const Scope&);
  Checked unary(const syntax::Node&, const Scope&);
  std::optional<Expression> glob(Expression subject, const syntax::Node& pattern);
  bool known_word(const Expression& attribute, const Expression& constant);
  std::nullopt_t fail(Span at, std::string what, std::string hint = {});

  const Declarations& declarations_;
  Kinds domain_;
  Diagnostics& diagnostics_;
  std::size_t expanded_ = 0, below_ = static_cast<std::size_t>(-1);  // predicates put in place; only earlier ones may be used
};

}  // namespace writ::authority::policy
