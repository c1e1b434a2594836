#include "writ/authority/policy/partial.h"

namespace writ::authority::policy {
namespace {

struct Evaluation {
  const Facts& facts;
  Known known;
  Question question;
  std::span<Value> slots;

  bool knows(Attribute a) const {
    if (word(a).varies == Varies::each_effect) return false;
    if (a == Attribute::effect_kind && facts.kind == effect::Kind::own && facts.own.empty()) return false;
    if (a == Attribute::effect_kind || a == Attribute::effect_nature) return true;
    return a == Attribute::effect_resource ? known >= Known::resource : known >= Known::capability;
  }

  // What stops a chain: false of `all`, true of `any`.
  Value chain(const Expression& e, bool stop) const {
    bool unsure = false;
    for (const auto& part : e.parts) {
      const Value v = run(part);
      if (v.tag == Value::Tag::unknown) {
        unsure = true;
        continue;
      }
      const bool stops = v.tag == Value::Tag::failed || (v.number != 0) == stop;
      if (!stops) continue;
      if (!unsure) return v;
      const bool never_holds = v.tag == Value::Tag::failed ? !stop : v.number == 0;
      if (question == Question::possible && never_holds) return Value::of_bool(false);
      return Value::unknown();
    }
    return unsure ? Value::unknown() : Value::of_bool(!stop);
  }

  Value implication(const Expression& e) const {
    const Value condition = run(e.parts[0]);
    if (condition.tag == Value::Tag::unknown) {
      run(e.parts[1]);  // for its slots
      return condition;
    }
    if (condition.tag == Value::Tag::failed) return condition;
    return condition.number == 0 ? Value::of_bool(true) : run(e.parts[1]);
  }

  Value evaluate(const Expression& e) const {
    switch (e.op) {
      case Op::constant: return e.type.base == Base::text ? Value::of_text(e.text) : Value::of(e.number);
      case Op::attribute: return knows(e.attribute) ? load(e.attribute, facts) : Value::unknown();
      case Op::all: return chain(e, false);
      case Op::any: return chain(e, true);
      case Op::implies: return implication(e);
      case Op::in_set: {
        const Value v = run(e.parts[0]);
        return v.is_known() ? Value::of_bool(holds(*e.set, v)) : v;
      }
      case Op::like: {
        const Value v = run(e.parts[0]);
        return v.is_known() ? Value::of_bool(holds(*e.globs, e.number != 0, facts.kind, v.text)) : v;
      }
      case Op::covered:
        if (e.capability->kind != facts.kind) return Value::of_bool(false);
        if (known < Known::resource && e.capability->resource) return Value::unknown();
        return Value::of_bool(e.capability->covers(facts.kind, facts.whole));
      case Op::bounds:
        if (known < Known::capability) return Value::unknown();
        return Value::of_bool(facts.capability != nullptr && facts.capability->limits.has(static_cast<effect::Limit>(e.number)));
      case Op::has_label: return known < Known::capability ? Value::unknown() : Value::of_bool(has_label(facts, e.text));
      case Op::field: return e.number == 0 || known < Known::capability ? Value::unknown() : field_of(e, facts);
      case Op::negate:
      case Op::not_:
      case Op::is_empty: return apply(e.op, run(e.parts[0]));
      default: {
        const Value left = run(e.parts[0]);
        return left.tag == Value::Tag::failed ? left : apply(e.op, left, run(e.parts[1]));
      }
    }
  }

  Value run(const Expression& e) const {
    const Value v = evaluate(e);
    if (e.slot >= 0 && !slots.empty()) slots[static_cast<std::size_t>(e.slot)] = v;
    return v;
  }
};

}  // namespace

Value partial(const Expression& e, const Facts& facts, Known known, Question question, std::span<Value> slots) {
  return Evaluation{facts, known, question, slots}.run(e);
}

}  // namespace writ::authority::policy
