// Pattern: which resources a grant means.
//
// A plain path means that one thing; one that ends in '/' means that folder and everything below it; '*' stands for any
// bytes within one level (also none, also a leading dot); '**' as a whole level stands for any number of levels, also
// none. The listing of a folder is the resource FOLDER/, and whoever may read FOLDER may list it.
//
//   object paths   orders/2026.json, no leading '/'. `/` is everything, `.` the top folder alone
//   host paths     absolute once parsed: taken from the working folder, with `.`, `..` and `//` removed by their text
//                  (a link before a `..` is not followed). `/` is everything, `/.` the root folder alone
//   names          one level, in which '/' is a byte like others
//
// Matching takes time proportional to pattern times resource, whatever either is, and does not allocate: the pattern is
// run as an automaton whose set of states is one 64-bit word (Thompson 1968). A resource that is not canonical (an empty
// level, `.`, `..`, a NUL) is covered by nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/result.h"
#include "writ/effect/vocabulary.h"

namespace writ::authority {

inline constexpr std::size_t max_wild_levels = 62;  // of a pattern with wildcards: its states fit into one word

class Pattern {
 public:
  // `text` as it stands in a grant. `working_folder` is an absolute host path, taken as it is.
  static Result<Pattern> parse(std::string_view text, effect::ResourceForm form, std::string_view working_folder);
  // Exactly this resource and nothing else; `invalid` if the resource is not canonical, so that no grant can mean it.
  static Result<Pattern> literal(std::string_view resource, effect::ResourceForm form);

  bool covers(std::string_view resource) const;
  bool covers_below(std::string_view folder) const;      // could the folder, or anything below it, be covered?
  bool covers_all_below(std::string_view folder) const;  // is the folder and everything below it certainly covered?
  bool is_plain() const { return !below_ && !wild_; }    // means one thing
  std::string thing() const;                             // of a plain one: the resource that it means
  effect::ResourceForm form() const { return form_; }
  // Of a host path: what to resolve when a task is admitted. The longest folder before a wildcard; a plain path itself.
  std::string root() const;
  std::string text() const;  // canonical, %XX where a byte is not plain; parses to an equal pattern
  Pattern in(std::pmr::memory_resource*) const;  // a copy that lies there with all it has
  friend bool operator==(const Pattern&, const Pattern&) = default;

 private:
  friend class PatternAutomaton;
  // One level: literal pieces around each '*' (one piece: no wildcard), or any number of levels.
  struct Level {
    std::pmr::vector<std::pmr::string> pieces;
    bool any_depth = false;
    bool matches(std::string_view name) const;
    friend bool operator==(const Level&, const Level&) = default;
  };
  struct Token;
  explicit Pattern(effect::ResourceForm form, std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : form_(form), levels_(memory), plain_(memory), literal_(memory) {}
  static Result<std::vector<Token>> tokens(std::string_view text, effect::ResourceForm form);
  Result<void> add_levels(const std::vector<Token>& tokens);
  Result<void> add_level(const std::vector<Token>& level);
  Result<void> finish();
  // From the level on of which `first` is the index.
  std::uint64_t run(std::string_view canonical, std::size_t first = 0) const;
  bool is_below(std::string_view canonical) const;

  effect::ResourceForm form_;
  std::pmr::vector<Level> levels_;
  bool below_ = false;  // ended in '/'
  bool wild_ = false;   // some level has a wildcard
  std::pmr::string plain_;   // the levels joined, if not wild: for a comparison without the automaton
  // If wild: the levels before the first wildcard with their slashes, as a resource begins with them, and how many they are.
  std::pmr::string literal_;
  std::size_t literal_levels_ = 0;
  std::uint64_t any_depth_ = 0;  // which levels are `**`
};

// A resource as it may stand in a grant: everything but plain bytes becomes %XX, so that it means itself in any shell.
std::string escape_resource(std::string_view resource);

}  // namespace writ::authority
