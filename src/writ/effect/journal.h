// Journal: what a task did and tried, in order, denials included.
//
// The same entries are the leaves of the effect root that the receipt signs, what `writ why` explains and what a replay
// compares. A run of equal effects (same kind, resource and verdict, nothing between) is one entry with a count, so
// that reading a file in small pieces costs no memory. Numbers stop at 2^53 - 1, the most that every JSON reader holds.
//
// Threads: one task, one thread. Bounded: the gate counts effects and ends a task that has too many.
#pragma once

#include <cstdint>
#include <string>
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
std::string_view name(Refusal);  // "allowed", "no_capability", ...

struct Entry {
  std::uint64_t sequence = 0;  // position of the first effect of this run in the task, from 0
  Kind kind = Kind::state_read;
  Refusal refusal = Refusal::none;
  std::uint64_t count = 1;     // effects in this run
  std::uint64_t bytes = 0;     // moved by them in all
  std::uint64_t size = 0;      // the largest Effect::size among them
  std::string resource;
  std::string by;  // what refused: the deny's text, the limits (authority::refused_by), or what was asked for if `resource` is
                   // where it leads
  std::string digest;          // lower-case hex SHA-256 of what was read, where it is an immutable input; may be empty
  friend bool operator==(const Entry&, const Entry&) = default;
};

class Journal {
 public:
  void record(const Effect& effect, Refusal refusal, std::string_view by = {});
  // What the last allowed effect on that resource read: lower-case hex SHA-256. If earlier effects of its run read
  // another content, that effect becomes an entry of its own. Nothing happens if there is no such effect.
  void set_digest(std::string_view resource, std::string_view digest);
  const std::vector<Entry>& entries() const { return entries_; }
  std::uint64_t text_size() const { return text_size_; }  // no less than the texts of all entries take together
  std::uint64_t effects() const { return effects_; }  // allowed and denied
  std::uint64_t denied() const { return denied_; }

 private:
  std::vector<Entry> entries_;
  std::uint64_t text_size_ = 0;
  std::uint64_t effects_ = 0;
  std::uint64_t denied_ = 0;
  std::uint64_t last_bytes_ = 0;  // of the last effect
};

// The canonical JSON text of an entry: the leaf of the effect root (docs/formats/journal.md), and its strict inverse:
// what decodes encodes to the same bytes. `invalid` says which member is wrong.
std::string encode(const Entry&);
Result<Entry> decode_entry(std::string_view json);

}  // namespace writ::effect
