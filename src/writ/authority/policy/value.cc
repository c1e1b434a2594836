#include "writ/authority/policy/value.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace writ::authority::policy {
namespace {

// Numbers of effects are 64 bits without a sign; no policy names one that large.
std::int64_t clamp(std::uint64_t n) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(n, std::numeric_limits<std::int64_t>::max()));
}

template <class T>
Value if_there(const std::optional<T>& v) {
  if (!v) return Value::failed_by(Failure::missing);
  if constexpr (requires { v->value(); })
    return Value::of(clamp(v->value()));
  else if constexpr (requires { v->count(); })
    return Value::of(v->count());
  else
    return Value::of(clamp(*v));
}

template <class T>
Value compare(Op op, const T& a, const T& b) {
  switch (op) {
    case Op::equal: return Value::of_bool(a == b);
    case Op::unequal: return Value::of_bool(a != b);
    case Op::less: return Value::of_bool(a < b);
    case Op::at_most: return Value::of_bool(a <= b);
    case Op::more: return Value::of_bool(a > b);
    case Op::at_least: return Value::of_bool(a >= b);
    default: std::unreachable();
  }
}

Value checked(Op op, std::int64_t a, std::int64_t b) {
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  std::int64_t out = 0;
  switch (op) {
    case Op::add: return __builtin_add_overflow(a, b, &out) ? Value::failed_by(Failure::overflow) : Value::of(out);
    case Op::subtract: return __builtin_sub_overflow(a, b, &out) ? Value::failed_by(Failure::overflow) : Value::of(out);
    case Op::multiply: return __builtin_mul_overflow(a, b, &out) ? Value::failed_by(Failure::overflow) : Value::of(out);
    case Op::divide:
    case Op::remainder:
      if (b == 0) return Value::failed_by(Failure::division_by_zero);
      if (a == least && b == -1) return Value::failed_by(Failure::overflow);
      return Value::of(op == Op::divide ? a / b : a % b);
    default: std::unreachable();
  }
}

}  // namespace

std::string_view name(Failure f) {
  switch (f) {
    case Failure::none: return "";
    case Failure::overflow: return "a number does not fit into 64 bits";
    case Failure::division_by_zero: return "division by zero";
    case Failure::missing: return "an attribute is not there";
  }
  std::unreachable();
}

CapabilityFacts facts_of(const Grant& g) { return {g.resource ? g.resource->text() : std::string(), g.limits}; }

Value load(Attribute attribute, const Facts& f) {
  switch (attribute) {
    case Attribute::effect_kind: return Value::of_text(f.own.empty() ? effect::name(f.kind) : f.own);
    case Attribute::effect_nature: return Value::of_text(effect::name(effect::word(f.kind).nature));
    case Attribute::effect_resource: return Value::of_text(f.resource);
    case Attribute::effect_bytes: return Value::of(clamp(f.bytes));
    case Attribute::effect_size: return Value::of(clamp(f.size));
    case Attribute::component_effects: return Value::of(clamp(f.effects));
    case Attribute::component_denied: return Value::of(clamp(f.denied));
    default: break;
  }
  if (word(attribute).of == Object::capability) {
    if (f.capability == nullptr) return Value::failed_by(Failure::missing);
    const auto& c = *f.capability;
    switch (attribute) {
      case Attribute::capability_resource: return Value::of_text(c.resource);
      case Attribute::capability_max_size: return if_there(c.limits.max_size);
      case Attribute::capability_bytes: return if_there(c.limits.bytes);
      case Attribute::capability_uses: return if_there(c.limits.uses);
      case Attribute::capability_time: return if_there(c.limits.time);
      default: std::unreachable();
    }
  }
  if (f.component == nullptr) return Value::failed_by(Failure::missing);
  const auto& c = *f.component;
  switch (attribute) {
    case Attribute::component_name: return Value::of_text(c.name);
    case Attribute::component_code: return Value::of_text(c.code);
    case Attribute::component_digest: return Value::of_text(c.digest);
    case Attribute::component_fence: return Value::of_text(c.fence);
    default: std::unreachable();
  }
}

Value apply(Op op, const Value& a) {
  if (!a.is_known()) return a;
  switch (op) {
    case Op::negate: return checked(Op::subtract, 0, a.number);
    case Op::not_: return Value::of_bool(a.number == 0);
    case Op::is_empty: return Value::of_bool(a.text.empty());
    default: std::unreachable();
  }
}

Value apply(Op op, const Value& a, const Value& b) {
  if (a.tag == Value::Tag::failed || a.tag == Value::Tag::unknown) return a;  // the left side is looked at first
  if (!b.is_known()) return b;
  switch (op) {
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::remainder: return checked(op, a.number, b.number);
    case Op::starts_with: return Value::of_bool(a.text.starts_with(b.text));
    case Op::ends_with: return Value::of_bool(a.text.ends_with(b.text));
    case Op::contains: return Value::of_bool(a.text.find(b.text) != a.text.npos);
    default: return a.tag == Value::Tag::text ? compare(op, a.text, b.text) : compare(op, a.number, b.number);
  }
}

bool holds(const ValueSet& set, const Value& v) {
  if (v.tag == Value::Tag::text) return std::ranges::binary_search(set.texts, v.text);
  return std::ranges::binary_search(set.numbers, v.number);
}

bool holds(const Globs& globs, bool of_resource, effect::Kind kind, std::string_view text) {
  const auto form = of_resource ? effect::word(kind).resource : effect::ResourceForm::name;
  const auto& pattern = globs.by_form[static_cast<std::size_t>(form)];
  return pattern && pattern->covers(text);
}

Value field_of(const Expression& e, const Facts& f) {
  if (e.number == 0) {
    const auto* said = f.fields == nullptr ? nullptr : effect::find(*f.fields, e.text);
    return said == nullptr ? Value::failed_by(Failure::missing) : Value::of(clamp(said->millionths));
  }
  if (f.capability == nullptr) return Value::failed_by(Failure::missing);
  const auto& fields = f.capability->limits.fields;
  const auto bound = std::ranges::find(fields, std::string_view(e.text), &FieldLimit::name);
  if (bound == fields.end() || !bound->each) return Value::failed_by(Failure::missing);
  return Value::of(clamp(bound->each->millionths));
}

bool has_label(const Facts& f, std::string_view label) {
  return f.component != nullptr && std::ranges::find(f.component->labels, label) != f.component->labels.end();
}

}  // namespace writ::authority::policy
