#include "writ/authority/policy/schema.h"

#include <algorithm>
#include <array>
#include <utility>

#include "writ/authority/policy/lexer.h"

namespace writ::authority::policy {
namespace {

constexpr std::array<std::pair<std::string_view, Base>, 9> value_types{{{"Bool", Base::boolean},
                                                                        {"Number", Base::number},
                                                                        {"Size", Base::size},
                                                                        {"Time", Base::time},
                                                                        {"Bandwidth", Base::bandwidth},
                                                                        {"Rate", Base::rate},
                                                                        {"Share", Base::share},
                                                                        {"Amount", Base::amount},
                                                                        {"Text", Base::text}}};

constexpr std::int64_t us = 1'000, ms = 1'000 * us, s = 1'000 * ms, min = 60 * s, hour = 60 * min, day = 24 * hour;
constexpr std::int64_t K = 1'000, M = K * K, G = K * M, T = K * G, Ki = 1 << 10, Mi = Ki * Ki, Gi = Ki * Mi, Ti = Ki * Gi;
constexpr std::array<UnitWord, 45> unit_words{{
    {"B", Base::size, 1},
    {"bytes", Base::size, 1},
    {"KB", Base::size, K},
    {"MB", Base::size, M},
    {"GB", Base::size, G},
    {"TB", Base::size, T},
    {"KiB", Base::size, Ki},
    {"MiB", Base::size, Mi},
    {"GiB", Base::size, Gi},
    {"TiB", Base::size, Ti},
    {"ns", Base::time, 1},
    {"us", Base::time, us},
    {"ms", Base::time, ms},
    {"s", Base::time, s},
    {"min", Base::time, min},
    {"h", Base::time, hour},
    {"d", Base::time, day},
    {"nanoseconds", Base::time, 1},
    {"microseconds", Base::time, us},
    {"milliseconds", Base::time, ms},
    {"second", Base::time, s},
    {"seconds", Base::time, s},
    {"minute", Base::time, min},
    {"minutes", Base::time, min},
    {"hour", Base::time, hour},
    {"hours", Base::time, hour},
    {"day", Base::time, day},
    {"days", Base::time, day},
    {"Bps", Base::bandwidth, 1},
    {"KBps", Base::bandwidth, K},
    {"MBps", Base::bandwidth, M},
    {"GBps", Base::bandwidth, G},
    {"KiBps", Base::bandwidth, Ki},
    {"MiBps", Base::bandwidth, Mi},
    {"GiBps", Base::bandwidth, Gi},
    {"per_second", Base::rate, 3600},
    {"per_minute", Base::rate, 60},
    {"per_hour", Base::rate, 1},
    {"percent", Base::share, K},
    {"times", Base::number, 1},
    {"effects", Base::number, 1},
    {"files", Base::number, 1},
    {"units", Base::amount, amount_scale},
    {"cents", Base::amount, amount_scale / 100},
    {"mills", Base::amount, amount_scale / 1000},
}};

constexpr auto fixed = Varies::fixed;
constexpr auto each = Varies::each_effect;
constexpr std::array<AttributeWord, 16> attribute_words{{
    {Attribute::effect_kind, Object::effect, "kind", Base::text, fixed, "the effect's word, such as \"state.write\""},
    {Attribute::effect_nature, Object::effect, "nature", Base::text, fixed, "\"read\", \"staged\", \"outbound\" or \"ambient\""},
    {Attribute::effect_resource, Object::effect, "resource", Base::text, fixed,
     "the object path, host path or name; empty for none"},
    {Attribute::effect_bytes, Object::effect, "bytes", Base::size, each, "how much this one effect moves"},
    {Attribute::effect_size, Object::effect, "size", Base::size, each, "of the object or file as it is or will be"},
    {Attribute::capability_resource, Object::capability, "resource", Base::text, fixed,
     "the resource of the grant, as it is written"},
    {Attribute::capability_max_size, Object::capability, "max_size", Base::size, fixed,
     "its limit max_size; fails if it has none"},
    {Attribute::capability_bytes, Object::capability, "max_bytes", Base::size, fixed, "its limit bytes; fails if it has none"},
    {Attribute::capability_uses, Object::capability, "max_uses", Base::number, fixed, "its limit uses; fails if it has none"},
    {Attribute::capability_time, Object::capability, "max_time", Base::time, fixed, "its limit time; fails if it has none"},
    {Attribute::component_name, Object::component, "name", Base::text, fixed, "the task's name; empty if it has none"},
    {Attribute::component_code, Object::component, "code", Base::text, fixed, "its code's name as the operator gave it"},
    {Attribute::component_digest, Object::component, "digest", Base::text, fixed, "SHA-256 of its code, lower-case hex"},
    {Attribute::component_fence, Object::component, "fence", Base::text, fixed, "the strength of its fence: \"key\" or \"page\""},
    {Attribute::component_effects, Object::component, "effect_count", Base::number, each, "effects it has tried before this one"},
    {Attribute::component_denied, Object::component, "denied_count", Base::number, each, "how many of them were refused"},
}};

constexpr std::string_view no_network = "no effect of the vocabulary goes to the network, so nothing here can enforce it";
constexpr std::array<GaugeWord, 14> gauge_words{{
    {Gauge::memory, "memory_usage", Base::size, "the arena's size, from the start"},
    {Gauge::stack, "stack_usage", Base::size, "the guest's stack, from the start"},
    {Gauge::output, "output", Base::size, "standard output and error together"},
    {Gauge::run_time, "run_time", Base::time, "the timer of the fence: wall time from the start"},
    {Gauge::effects, "effects", Base::number, "the gate's count of effects, refused ones too"},
    {Gauge::files, "open_files", Base::number, "files open at once"},
    {Gauge::commit_bytes, "commit_bytes", Base::size, "what is staged, joined before the commit: bytes written in all"},
    {Gauge::commit_changes, "commit_changes", Base::number, "the same: objects, files and effects of one's own"},
    {Gauge::bandwidth, "bandwidth", Base::bandwidth, "a token bucket at the gate, over all bytes moved"},
    {Gauge::read_bandwidth, "read_bandwidth", Base::bandwidth, "a token bucket at the gate, over bytes read"},
    {Gauge::write_bandwidth, "write_bandwidth", Base::bandwidth, "a token bucket at the gate, over bytes written"},
    {Gauge::effect_rate, "effect_rate", Base::rate, "a token bucket at the gate, over effects"},
    {std::nullopt, "cpu_usage", Base::share,
     "a share of the CPU needs a cgroup, which guests of one process do not have; bound run_time"},
    {std::nullopt, "network_bandwidth", Base::bandwidth, no_network},
}};

constexpr std::array<PredicateWord, 8> predicate_words{{
    {BuiltIn::starts_with, "starts_with", "Text, Text", "the first begins with the second, byte for byte"},
    {BuiltIn::ends_with, "ends_with", "Text, Text", "the first ends with the second"},
    {BuiltIn::contains, "contains", "Text, Text", "the second stands in the first"},
    {BuiltIn::is_empty, "is_empty", "Text", "it has no byte"},
    {BuiltIn::matches, "matches", "Text, \"PATTERN\"", "the same as like"},
    {BuiltIn::requires_capability, "requires_capability", "effect, NAME", "the declared capability covers this effect"},
    {BuiltIn::bounds, "bounds", "capability, \"LIMIT\"", "the capability that allows the effect carries that limit"},
    {BuiltIn::has_label, "has_label", "component, \"KEY=VALUE\"", "the task carries that label"},
}};

// state.read -> StateRead
std::string camel(std::string_view name) {
  std::string out;
  bool upper = true;
  for (const char c : name) {
    if (c == '.' || c == '_') {
      upper = true;
    } else {
      out += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      upper = false;
    }
  }
  return out;
}

template <class F>
void each_effect_type(F&& visit) {
  visit("Effect", all_kinds());
  visit("Operation", all_kinds());
  visit("OwnEffect", bit(effect::Kind::own));
  for (const auto& w : effect::vocabulary) {
    visit(camel(w.name), bit(w.kind));
    visit(std::string(w.name), bit(w.kind));
    const auto group = w.name.substr(0, w.name.find('.'));
    Kinds in_group = no_kinds, of_nature = effect::own_word.nature == w.nature ? bit(effect::Kind::own) : no_kinds;
    for (const auto& other : effect::vocabulary) {
      if (other.name.substr(0, other.name.find('.')) == group) in_group |= bit(other.kind);
      if (other.nature == w.nature) of_nature |= bit(other.kind);
    }
    visit(camel(group) + "Effect", in_group);
    visit(camel(effect::name(w.nature)) + "Effect", of_nature);
  }
}

}  // namespace

std::string name(Type t) {
  const auto found = std::ranges::find(value_types, t.base, &std::pair<std::string_view, Base>::second);
  return (t.is_set ? "set of " : "") + std::string(found->first);
}

std::optional<Type> find_value_type(std::string_view name) {
  for (const auto& [word, base] : value_types)
    if (word == name) return Type{base, false};
  return std::nullopt;
}

std::vector<std::string_view> value_type_names() {
  std::vector<std::string_view> names;
  for (const auto& [word, base] : value_types) names.push_back(word);
  return names;
}

std::span<const UnitWord> units() { return unit_words; }

Kinds all_kinds() {
  static_assert(effect::kinds < 64, "a kind is one bit");
  return (Kinds{1} << effect::kinds) - 1;
}

std::optional<Kinds> find_effect_type(std::string_view name) {
  std::optional<Kinds> found;
  each_effect_type([&](const std::string& word, Kinds kinds) {
    if (word == name) found = kinds;
  });
  return found;
}

std::vector<std::string> effect_type_names() {
  std::vector<std::string> names;
  each_effect_type([&](const std::string& word, Kinds) {
    if (std::ranges::find(names, word) == names.end()) names.push_back(word);
  });
  return names;
}

std::string names_of(Kinds kinds) {
  std::string out;
  for (const auto& w : effect::vocabulary)
    if (kinds & bit(w.kind)) out += (out.empty() ? "" : ", ") + std::string(w.name);
  if (kinds & bit(effect::Kind::own)) out += (out.empty() ? "" : ", ") + std::string("one's own");
  return out;
}

std::string_view name(Object o) {
  static constexpr std::array<std::string_view, 3> names{"effect", "capability", "component"};
  return names[static_cast<std::size_t>(o)];
}

std::span<const AttributeWord> attributes() { return attribute_words; }
const AttributeWord& word(Attribute a) { return attribute_words[static_cast<std::size_t>(a)]; }
std::span<const GaugeWord> gauges() { return gauge_words; }
std::span<const PredicateWord> built_ins() { return predicate_words; }

}  // namespace writ::authority::policy
