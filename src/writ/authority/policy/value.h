// Value: what an expression comes to. Unknown stands for what cannot be said yet; failed for what has no value, which
// denies. apply() is the meaning of every operator that looks at all of its parts.
#pragma once

#include <cstdint>
#include <string_view>

#include "writ/authority/policy/expression.h"
#include "writ/authority/policy/facts.h"

namespace writ::authority::policy {

enum class Failure : std::uint8_t { none, overflow, division_by_zero, missing };
std::string_view name(Failure);

struct Value {
  enum class Tag : std::uint8_t { number, text, unknown, failed };
  Tag tag = Tag::number;
  Failure failure = Failure::none;
  std::int64_t number = 0;
  std::string_view text;

  static Value of(std::int64_t n) { return {Tag::number, Failure::none, n, {}}; }
  static Value of_text(std::string_view t) { return {Tag::text, Failure::none, 0, t}; }
  static Value of_bool(bool b) { return of(b ? 1 : 0); }
  static Value failed_by(Failure f) { return {Tag::failed, f, 0, {}}; }
  static Value unknown() { return {Tag::unknown, Failure::none, 0, {}}; }
  bool is_known() const { return tag == Tag::number || tag == Tag::text; }
  bool is_true() const { return tag == Tag::number && number != 0; }
  bool is_false() const { return tag == Tag::number && number == 0; }
};

// An attribute of the facts; `failed` if it is not there.
Value load(Attribute, const Facts&);

Value apply(Op, const Value&);                // negate, not_, is_empty
Value apply(Op, const Value&, const Value&);  // comparisons, arithmetic, starts_with, ends_with, contains
bool holds(const ValueSet&, const Value&);
bool holds(const Globs&, bool of_resource, effect::Kind, std::string_view text);
Value field_of(const Expression& field, const Facts&);  // `failed` if it is not said, or not bounded
bool has_label(const Facts&, std::string_view label);

}  // namespace writ::authority::policy
