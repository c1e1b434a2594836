// Expression: a checked expression. Every name is resolved, every part has a type, predicates are put in their place.
//
// Values are 64-bit numbers (bytes, nanoseconds, bytes a second, millionths; a Bool is 0 or 1) and texts. Arithmetic that
// does not fit, a division by zero and an attribute that is not there fail; an expression that fails denies.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "writ/authority/grant.h"
#include "writ/authority/pattern.h"
#include "writ/authority/policy/diagnostic.h"
#include "writ/authority/policy/schema.h"

namespace writ::authority::policy {

enum class Op : std::uint8_t {
  constant,
  attribute,
  negate,
  not_,
  all,
  any,
  implies,  // all, any: of any number of parts, from the left, no further than needed
  equal,
  unequal,
  less,
  at_most,
  more,
  at_least,
  add,
  subtract,
  multiply,
  divide,
  remainder,
  in_set,
  like,
  starts_with,
  ends_with,
  contains,
  is_empty,
  covered,
  bounds,
  has_label,
  field,
};

// Sorted, each value once.
struct ValueSet {
  std::vector<std::int64_t> numbers;
  std::vector<std::string> texts;
};

// One glob, read in each form that a resource can have; none where it has no meaning in that form and matches nothing.
struct Globs {
  std::array<std::optional<Pattern>, 4> by_form;  // effect::ResourceForm
};

struct Expression {
  Op op = Op::constant;
  Type type;
  Span at;
  std::int64_t number = 0;                  // constant; of `bounds` the effect::Limit; of `field` 0: the effect's, 1: the capability's bound
  std::string text;                         // constant; has_label; the pattern of `like`; the field's name
  Attribute attribute{};                    // attribute
  std::shared_ptr<const ValueSet> set;      // in_set
  std::shared_ptr<const Globs> globs;       // like
  std::shared_ptr<const Grant> capability;  // covered
  std::int32_t slot = -1;                   // set by lowering: where its value is kept, if it depends on nothing that varies
  std::vector<Expression> parts;

  bool depends_on(Varies) const;  // on some attribute that varies so
};

}  // namespace writ::authority::policy
