#include "writ/authority/inclusion.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <vector>

#include "writ/authority/pattern_automaton.h"

namespace writ::authority {
namespace {

using effect::ResourceForm;

// Which names are canonical: none is empty, and in paths none is `.` or `..`.
enum class Level : unsigned char { empty, dot, dots, name };
Level after(Level level, unsigned char byte) {
  if (byte != '.') return Level::name;
  return level == Level::empty ? Level::dot : level == Level::dot ? Level::dots : Level::name;
}

struct Place {
  std::vector<PatternAutomaton::States> states;  // of each inner pattern, then of the outer one if there is one
  Level level = Level::empty;
  bool between = true;  // at the end of a level: here a resource may end
  friend auto operator<=>(const Place&, const Place&) = default;
};

// A byte of each kind that some pattern tells from others.
std::vector<unsigned char> alphabet(const std::vector<PatternAutomaton>& all, ResourceForm form) {
  std::array<bool, 256> named{};
  for (const auto& a : all) a.mark_bytes(named);
  named['.'] = true;
  std::vector<unsigned char> out;
  bool other = false;
  for (int b = 1; b < 256; ++b) {
    if (b == '/' && form != ResourceForm::name) continue;
    if (!named[static_cast<std::size_t>(b)] && std::exchange(other, true)) continue;
    out.push_back(static_cast<unsigned char>(b));
  }
  return out;
}

class Search {
 public:
  Search(std::span<const Pattern> inner, const Pattern* outer) : form_(inner.front().form()), inner_(inner.size()) {
    for (const auto& p : inner) all_.emplace_back(p);
    if (outer != nullptr) all_.emplace_back(*outer);
  }

  enum class Found { nothing, something, gave_up };
  // Looks for a resource that all inner ones accept and the outer one does not.
  Found run() {
    const auto bytes = alphabet(all_, form_);
    Place first;
    for (const auto& a : all_) first.states.push_back(a.start());
    if (form_ != ResourceForm::name && is_witness(first)) return Found::something;  // the top folder
    visit(std::move(first));
    while (!waiting_.empty()) {
      const Place here = std::move(waiting_.front());
      waiting_.pop_front();
      for (const auto b : bytes) {
        Place next;
        for (std::size_t i = 0; i < all_.size(); ++i) next.states.push_back(all_[i].after_byte(here.states[i], b));
        next.level = after(here.between ? Level::empty : here.level, b);
        next.between = false;
        visit(std::move(next));
      }
      const bool may_end = !here.between && (form_ == ResourceForm::name || here.level == Level::name);
      if (may_end) {
        Place next;
        for (std::size_t i = 0; i < all_.size(); ++i) next.states.push_back(all_[i].after_level(here.states[i]));
        if (is_witness(next)) return Found::something;
        if (form_ != ResourceForm::name) visit(std::move(next));
      }
      if (seen_.size() > max_inclusion_steps) return Found::gave_up;
    }
    return Found::nothing;
  }

 private:
  bool is_witness(const Place& p) const {
    for (std::size_t i = 0; i < all_.size(); ++i)
      if (all_[i].accepts(p.states[i]) != (i < inner_)) return false;
    return true;
  }
  // Nothing can be found behind a place where an inner pattern is dead, or the outer one takes whatever comes.
  void visit(Place p) {
    for (std::size_t i = 0; i < inner_; ++i)
      if (PatternAutomaton::is_dead(p.states[i])) return;
    if (all_.size() > inner_ && all_.back().takes_everything(p.states.back())) return;
    if (seen_.insert(p).second) waiting_.push_back(std::move(p));
  }

  ResourceForm form_;
  std::size_t inner_;
  std::vector<PatternAutomaton> all_;
  std::set<Place> seen_;
  std::deque<Place> waiting_;
};

// Most patterns that people write: one thing, which is tried.
const Pattern* plain_among(std::span<const Pattern> all) {
  const auto it = std::ranges::find_if(all, &Pattern::is_plain);
  return it == all.end() ? nullptr : &*it;
}

}  // namespace

bool includes(const Pattern& outer, std::span<const Pattern> inner) {
  if (std::ranges::find(inner, outer) != inner.end()) return true;
  if (const auto* one = plain_among(inner)) {
    const auto thing = one->thing();
    return outer.covers(thing) || !std::ranges::all_of(inner, [&](const Pattern& p) { return p.covers(thing); });
  }
  return Search(inner, &outer).run() == Search::Found::nothing;
}

bool is_empty(std::span<const Pattern> all) {
  if (const auto* one = plain_among(all)) {
    const auto thing = one->thing();
    return !std::ranges::all_of(all, [&](const Pattern& p) { return p.covers(thing); });
  }
  return Search(all, nullptr).run() == Search::Found::nothing;
}

}  // namespace writ::authority
