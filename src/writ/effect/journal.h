// Journal: what a task did and tried, in order, denials included.
//
// The same entries are the leaves of the effect root that the receipt signs, what `writ why` explains and what a replay
// compares. A run of equal effects (same kind, resource and verdict, nothing between) is one entry with a count, so
// that reading a file in small pieces costs no memory.
//
// Threads: one task, one thread. Bounded: the gate counts effects and ends a task that has too many.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "writ/effect/effect.h"
#include "writ/base/result.h"

namespace writ::effect {

// Who said no.
enum class Refusal : std::uint8_t {
  none,           // allowed
  no_capability,  // nothing was granted that covers it
  denied,         // --deny or the manifest's [deny] covers it
  constraint,     // a capability covers it, but one of its limits is used up or too small
  escape,         // the path leads out of what was granted (symbolic link, ..)
};
std::string_view name(Refusal);

struct Entry {
  std::uint64_t sequence = 0;  // position of the first effect of this run in the task, from 0
  Kind kind = Kind::state_read;
  Refusal refusal = Refusal::none;
  std::uint64_t count = 1;     // effects in this run
  std::uint64_t bytes = 0;     // moved by them in all
  std::string resource;
  std::string by;              // what refused: the deny pattern or the limit's name; empty if allowed
  std::string digest;          // lower-case hex SHA-256 of what was read, where it is an immutable input; may be empty
  friend bool operator==(const Entry&, const Entry&) = default;
};

class Journal {
 public:
  void record(const Effect& effect, Refusal refusal, std::string_view by = {});
  void set_digest(std::string_view resource, std::string digest);  // of the last entry with that resource
  const std::vector<Entry>& entries() const { return entries_; }
  std::uint64_t effects() const { return effects_; }  // allowed and denied
  std::uint64_t denied() const { return denied_; }

 private:
  std::vector<Entry> entries_;
  std::uint64_t effects_ = 0;
  std::uint64_t denied_ = 0;
};

// The canonical JSON text of an entry: the leaf of the effect root (docs/formats/journal.md), and its strict inverse.
std::string encode(const Entry&);
Result<Entry> decode_entry(std::string_view json);

}  // namespace writ::effect
