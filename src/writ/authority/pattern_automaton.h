// PatternAutomaton: one pattern as a nondeterministic automaton over bytes and ends of levels, for questions about all
// resources at once (inclusion.h). Pattern itself matches one resource faster.
//
// States, one bit each: "at the start of level i" (also i == levels: all matched), "byte j of level i is next", "within a
// level that `**` takes", "within a level below what matched".
// Threads: a value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "writ/authority/pattern.h"

namespace writ::authority {

class PatternAutomaton {
 public:
  using States = std::vector<std::uint64_t>;

  explicit PatternAutomaton(const Pattern&);
  States start() const;
  States after_byte(const States& from, unsigned char byte) const;
  States after_level(const States& from) const;  // the level ends here
  bool accepts(const States& at_end_of_level) const { return has(at_end_of_level, level_start(levels_.size())); }
  bool takes_everything(const States& s) const { return below_ && (accepts(s) || has(s, within_below())); }
  static bool is_dead(const States& s);
  void mark_bytes(std::array<bool, 256>& named) const;

 private:
  struct Level {
    std::vector<int> atoms;  // a byte, or star
    std::size_t first = 0;   // state of atoms[0]; one more state for the end
    bool any_depth = false;  // then `first` is "within it"
  };
  static constexpr int star = -1;
  std::size_t level_start(std::size_t level) const { return level; }
  std::size_t within_below() const { return states_ - 1; }
  static bool has(const States& s, std::size_t bit) { return s[bit / 64] >> (bit % 64) & 1; }
  static void add(States& s, std::size_t bit) { s[bit / 64] |= std::uint64_t{1} << (bit % 64); }
  void add_in_level(States&, std::size_t level, std::size_t atom) const;  // and past stars
  void add_level_start(States&, std::size_t level) const;                 // and past `**`
  void step_level(const States& from, States& to, std::size_t level, unsigned char byte) const;
  States none() const { return States((states_ + 63) / 64); }

  std::vector<Level> levels_;
  bool below_;
  std::size_t states_ = 0;
};

}  // namespace writ::authority
