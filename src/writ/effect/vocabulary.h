// The vocabulary of effects: one table, from which the grant parser, `writ help effects` and docs/effects.md come.
//
// An effect is anything a guest can do besides computing: a kind and a resource. A kind that is not in this table does
// not exist; one that no gate enforces here is not in this table (architecture.md section 8.6). What a program does besides
// has a name of its operator's choice: Kind::own (own_kind.h).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace writ::effect {

enum class Kind : std::uint8_t { state_read, state_write, file_read, file_write, env, clock_real, random_real, own };

// How the gate treats it (architecture.md section 3).
enum class Nature : std::uint8_t {
  read,      // done at once against the task's snapshot
  staged,    // written to the shadow, visible to others at commit
  outbound,  // acts at once, cannot be taken back
  ambient,   // time and randomness: virtual unless granted
};

// What the resource of a grant may be.
enum class ResourceForm : std::uint8_t {
  none,         // clock.real
  object_path,  // orders/2026.json, orders/ (everything below), orders/*.json
  host_path,    // /usr/share/zoneinfo/ ; relative paths are taken from the working folder
  name,         // HOME
};

// The limits that any grant may carry (interface.md "Grants"), and when a capability begins (authority.md).
enum class Limit : std::uint8_t { uses, expires, rate, bytes, max_size, time, not_before };
inline constexpr std::array<std::string_view, 7> limit_names{"uses", "expires", "rate",      "bytes",
                                                             "max_size", "time",    "not_before"};

struct Word {
  Kind kind;
  std::string_view name;
  Nature nature;
  ResourceForm resource;
  std::string_view guests;  // which guests can use it
  std::string_view meaning;
};

inline constexpr std::array<Word, 7> vocabulary{{
    {Kind::state_read, "state.read", Nature::read, ResourceForm::object_path, "wasm, process",
     "read, list or stat objects of the state"},
    {Kind::state_write, "state.write", Nature::staged, ResourceForm::object_path, "wasm, process",
     "create, change or remove objects of the state"},
    {Kind::file_read, "file.read", Nature::read, ResourceForm::host_path, "wasm, process",
     "read, list or stat files of the host"},
    {Kind::file_write, "file.write", Nature::staged, ResourceForm::host_path, "wasm, process",
     "create, change, move or remove files and folders of the host; what tools run by themselves needs a grant by its name"},
    {Kind::env, "env", Nature::read, ResourceForm::name, "wasm, process", "see an environment variable of the caller"},
    {Kind::clock_real, "clock.real", Nature::ambient, ResourceForm::none, "wasm", "see real time instead of virtual time"},
    {Kind::random_real, "random.real", Nature::ambient, ResourceForm::none, "wasm", "draw real instead of seeded randomness"},
}};

inline constexpr Word own_word{Kind::own, "own", Nature::staged, ResourceForm::name, "wasm", "what its operator declared it to be"};
inline constexpr std::size_t kinds = vocabulary.size() + 1;

constexpr const Word& word(Kind k) { return k == Kind::own ? own_word : vocabulary[static_cast<std::size_t>(k)]; }
constexpr std::string_view name(Kind k) { return word(k).name; }
constexpr std::string_view name(Nature n) {
  constexpr std::array<std::string_view, 4> names{"read", "staged", "outbound", "ambient"};
  return names[static_cast<std::size_t>(n)];
}
std::optional<Kind> find_kind(std::string_view name);  // of the vocabulary

// An effect as people name it: `payments.charge` and `acme` of one's own.
struct Named {
  std::string_view effect, resource;
};
Named named(Kind, std::string_view resource);

namespace detail {
constexpr bool table_is_in_order() {
  for (std::size_t i = 0; i < vocabulary.size(); ++i)
    if (static_cast<std::size_t>(vocabulary[i].kind) != i) return false;
  return true;
}
static_assert(table_is_in_order() && static_cast<std::size_t>(Kind::own) == vocabulary.size(), "vocabulary[k].kind == k");
}  // namespace detail

}  // namespace writ::effect
