// The states of a task: one table, checked when this is compiled. step() is the only door; there is no way to force one.
//
// A task that was sealed is settled exactly once, at once or after its operator looked at it (`staged`, which survives the
// process). What ended badly leaves a receipt too, and only `discard` is possible for it, at once or after its operator looked
// at what it left (`kept`).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace writ::task {

enum class State : std::uint8_t { admitted, running, sealed, failed, staged, kept, committed, discarded };
enum class Event : std::uint8_t { start, refuse, seal_success, seal_failure, stage, keep, commit, lose_race, discard };

inline constexpr std::array<std::string_view, 8> state_names{"admitted", "running", "sealed",    "failed",
                                                              "staged",   "kept",    "committed", "discarded"};
inline constexpr std::array<std::string_view, 9> event_names{"start", "refuse", "seal_success", "seal_failure", "stage",
                                                             "keep",  "commit", "lose_race",    "discard"};

struct Transition {
  State from;
  Event event;
  State to;
};
inline constexpr std::array<Transition, 13> transitions{{
    {State::admitted, Event::start, State::running},
    {State::admitted, Event::refuse, State::discarded},       // the engine could not take it: nothing ran
    {State::running, Event::seal_success, State::sealed},     // completed with 0: its writes may become visible
    {State::running, Event::seal_failure, State::failed},     // anything else
    {State::sealed, Event::stage, State::staged},             // the operator wants to look first
    {State::sealed, Event::commit, State::committed},
    {State::sealed, Event::lose_race, State::discarded},      // conflict: somebody else changed what it had read
    {State::sealed, Event::discard, State::discarded},
    {State::staged, Event::commit, State::committed},         // a lost race leaves it staged: nothing was written
    {State::staged, Event::discard, State::discarded},
    {State::failed, Event::discard, State::discarded},        // with a receipt of what it tried
    {State::failed, Event::keep, State::kept},                // --keep-failed: its operator wants to look first
    {State::kept, Event::discard, State::discarded},          // and nothing else: what failed never commits
}};

constexpr std::optional<State> step(State from, Event event) {
  for (const auto& t : transitions)
    if (t.from == from && t.event == event) return t.to;
  return std::nullopt;
}
constexpr bool is_final(State s) { return s == State::committed || s == State::discarded; }

namespace detail {
constexpr bool deterministic() {
  for (std::size_t i = 0; i < transitions.size(); ++i)
    for (std::size_t j = i + 1; j < transitions.size(); ++j)
      if (transitions[i].from == transitions[j].from && transitions[i].event == transitions[j].event) return false;
  return true;
}
constexpr bool final_states_end() {
  for (const auto& t : transitions)
    if (is_final(t.from)) return false;
  return true;
}
constexpr bool all_reachable() {
  std::array<bool, state_names.size()> seen{true};
  for (std::size_t round = 0; round < state_names.size(); ++round)
    for (const auto& t : transitions)
      if (seen[static_cast<std::size_t>(t.from)]) seen[static_cast<std::size_t>(t.to)] = true;
  for (bool s : seen)
    if (!s) return false;
  return true;
}
constexpr bool every_state_can_end() {
  std::array<bool, state_names.size()> ends{};
  for (std::size_t s = 0; s < ends.size(); ++s) ends[s] = is_final(static_cast<State>(s));
  for (std::size_t round = 0; round < ends.size(); ++round)
    for (const auto& t : transitions)
      if (ends[static_cast<std::size_t>(t.to)]) ends[static_cast<std::size_t>(t.from)] = true;
  for (bool e : ends)
    if (!e) return false;
  return true;
}
constexpr bool only_the_sealed_commit() {
  for (const auto& t : transitions)
    if (t.to == State::committed && ((t.from != State::sealed && t.from != State::staged) || t.event != Event::commit)) return false;
  return true;
}
constexpr bool only_the_sealed_are_staged() {
  for (const auto& t : transitions)
    if (t.to == State::staged && (t.from != State::sealed || t.event != Event::stage)) return false;
  return true;
}
// It may be committed or discarded, and then no more: final_states_end() says that nothing follows.
constexpr bool the_staged_are_settled_once() {
  for (const auto& t : transitions)
    if (t.from == State::staged && !is_final(t.to)) return false;
  return step(State::staged, Event::commit) == State::committed && step(State::staged, Event::discard) == State::discarded;
}
constexpr bool what_failed_is_only_discarded() {
  for (const auto& t : transitions)
    if ((t.from == State::kept && t.to != State::discarded) || (t.to == State::kept && t.from != State::failed)) return false;
  return true;
}
static_assert(deterministic(), "one state and one event lead to one state");
static_assert(final_states_end(), "nothing follows a final state");
static_assert(all_reachable(), "no dead state");
static_assert(every_state_can_end(), "every task can end");
static_assert(only_the_sealed_commit(), "a task that did not end well never commits");
static_assert(only_the_sealed_are_staged(), "only what ended well can be staged");
static_assert(what_failed_is_only_discarded(), "what is kept of a failed task can be looked at and given up");
static_assert(the_staged_are_settled_once(), "a staged task commits or is discarded, exactly once");
}  // namespace detail

}  // namespace writ::task
