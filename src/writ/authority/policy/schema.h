// The words that a policy may use, each with its type: units, the kinds of effects as types, attributes of the effect, of
// the capability that allows it and of the component (the task), gauges, built-in predicates. docs/policy-language.md is
// checked against these tables.
//
// Effects come from the vocabulary and from nothing else: a kind that no gate enforces is not in it, so that a rule about
// one is refused when it is loaded.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "writ/effect/vocabulary.h"

namespace writ::authority::policy {

enum class Base : std::uint8_t { boolean, number, size, time, bandwidth, rate, share, amount, text };
struct Type {
  Base base = Base::boolean;
  bool is_set = false;
  friend bool operator==(const Type&, const Type&) = default;
};
std::string name(Type);  // "Size", "set of Text"
std::optional<Type> find_value_type(std::string_view name);
std::vector<std::string_view> value_type_names();

struct UnitWord {
  std::string_view name;
  Base base;
  std::int64_t factor;  // to bytes, nanoseconds, bytes a second, effects an hour, thousandths of a percent
};
std::span<const UnitWord> units();

// A set of effect kinds, one bit each.
using Kinds = std::uint64_t;
inline constexpr Kinds no_kinds = 0;
constexpr Kinds bit(effect::Kind k) { return Kinds{1} << static_cast<unsigned>(k); }
Kinds all_kinds();
// "Effect", "Operation", "StateEffect", "ReadEffect", "StateRead", "state.read".
std::optional<Kinds> find_effect_type(std::string_view name);
std::vector<std::string> effect_type_names();
// The kinds together as text for messages: "state.read, state.write".
std::string names_of(Kinds);

enum class Object : std::uint8_t { effect, capability, component };
std::string_view name(Object);

enum class Attribute : std::uint8_t {
  effect_kind,
  effect_nature,
  effect_resource,
  effect_bytes,
  effect_size,
  capability_resource,
  capability_max_size,
  capability_bytes,
  capability_uses,
  capability_time,
  component_name,
  component_code,
  component_digest,
  component_fence,
  component_effects,
  component_denied,
};
// Fixed: the same for every effect of one kind on one resource under one capability of one task, so that what depends on
// nothing else is decided once.
enum class Varies : std::uint8_t { fixed, each_effect };
struct AttributeWord {
  Attribute attribute;
  Object of;
  std::string_view name;
  Base base;
  Varies varies;
  std::string_view meaning;
};
std::span<const AttributeWord> attributes();
const AttributeWord& word(Attribute);

// What a rule about a component may bound, and what enforces it.
enum class Gauge : std::uint8_t {
  memory,
  stack,
  output,
  run_time,
  effects,
  files,
  commit_bytes,
  commit_changes,
  bandwidth,
  read_bandwidth,
  write_bandwidth,
  effect_rate
};
struct GaugeWord {
  std::optional<Gauge> gauge;  // none: nothing here can enforce it
  std::string_view name;
  Base base;
  std::string_view enforced_by;  // or why not, and what to write instead
};
std::span<const GaugeWord> gauges();

enum class BuiltIn : std::uint8_t { starts_with, ends_with, contains, is_empty, matches, requires_capability, bounds, has_label };
struct PredicateWord {
  BuiltIn predicate;
  std::string_view name, arguments, meaning;
};
std::span<const PredicateWord> built_ins();

}  // namespace writ::authority::policy
