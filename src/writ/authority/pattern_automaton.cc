#include "writ/authority/pattern_automaton.h"

#include <algorithm>

namespace writ::authority {

PatternAutomaton::PatternAutomaton(const Pattern& p) : below_(p.below_) {
  states_ = p.levels_.size() + 1;
  for (const auto& from : p.levels_) {
    Level level;
    level.any_depth = from.any_depth;
    level.first = states_;
    for (std::size_t i = 0; i < from.pieces.size(); ++i) {
      if (i > 0) level.atoms.push_back(star);
      for (const char c : from.pieces[i]) level.atoms.push_back(static_cast<unsigned char>(c));
    }
    states_ += level.atoms.size() + 1;
    levels_.push_back(std::move(level));
  }
  ++states_;  // within_below()
}

void PatternAutomaton::add_in_level(States& s, std::size_t level, std::size_t atom) const {
  const auto& l = levels_[level];
  add(s, l.first + atom);
  while (atom < l.atoms.size() && l.atoms[atom] == star) add(s, l.first + ++atom);
}

void PatternAutomaton::add_level_start(States& s, std::size_t level) const {
  add(s, level_start(level));
  while (level < levels_.size() && levels_[level].any_depth) add(s, level_start(++level));
}

PatternAutomaton::States PatternAutomaton::start() const {
  States s = none();
  add_level_start(s, 0);
  return s;
}

void PatternAutomaton::step_level(const States& from, States& to, std::size_t level, unsigned char byte) const {
  const auto& l = levels_[level];
  const bool begins = has(from, level_start(level));
  if (l.any_depth) {
    if (begins || has(from, l.first)) add(to, l.first);
    return;
  }
  States here = from;
  if (begins) add_in_level(here, level, 0);
  for (std::size_t atom = 0; atom < l.atoms.size(); ++atom) {
    if (!has(here, l.first + atom)) continue;
    if (l.atoms[atom] == star) add_in_level(to, level, atom);
    else if (l.atoms[atom] == byte) add_in_level(to, level, atom + 1);
  }
}

PatternAutomaton::States PatternAutomaton::after_byte(const States& from, unsigned char byte) const {
  States to = none();
  for (std::size_t i = 0; i < levels_.size(); ++i) step_level(from, to, i, byte);
  if (takes_everything(from)) add(to, within_below());
  return to;
}

PatternAutomaton::States PatternAutomaton::after_level(const States& from) const {
  States to = none();
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    const auto& l = levels_[i];
    if (l.any_depth ? has(from, l.first) : has(from, l.first + l.atoms.size())) add_level_start(to, l.any_depth ? i : i + 1);
  }
  if (has(from, within_below())) add(to, level_start(levels_.size()));
  return to;
}

bool PatternAutomaton::is_dead(const States& s) {
  return std::ranges::all_of(s, [](std::uint64_t word) { return word == 0; });
}

void PatternAutomaton::mark_bytes(std::array<bool, 256>& named) const {
  for (const auto& l : levels_)
    for (const int atom : l.atoms)
      if (atom != star) named[static_cast<std::size_t>(atom)] = true;
}

}  // namespace writ::authority
