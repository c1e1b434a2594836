// Journal: what a task did and tried, in order, denials included.
//
// The same entries are the leaves of the effect root that the receipt signs, what `writ why` explains and what a replay
// compares. A run of equal effects (same kind, resource and verdict, nothing between) is one entry with a count, so
// that reading a file in small pieces costs no memory; effects of one's own stand alone. Numbers stop at 2^53 - 1, the most that
// every JSON reader holds.
//
// Inside, a run takes 32 bytes, and each resource is kept once; entries() writes them out. An effect that takes time may
// begin and end: then it is an entry of its own, with a result and how long it took.
//
// Threads: one task, one thread. Bounded: the gate counts effects and ends a task that has too many.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "writ/base/clock.h"
#include "writ/base/result.h"
#include "writ/effect/effect.h"

namespace writ::effect {

// Who said no.
enum class Refusal : std::uint8_t {
  none,           // allowed
  no_capability,  // nothing was granted that covers it
  denied,         // --deny or the manifest's [deny] covers it
  constraint,     // a capability covers it, but one of its limits is used up or too small
  escape,         // the path leads out of what was granted (symbolic link, ..)
  revoked,        // a capability covers it, but it was revoked or split meanwhile
  policy,         // a rule of a policy refuses it, or a violation took it out of the capabilities
};
std::string_view name(Refusal);  // "allowed", "no_capability", ...

// How an effect ended that took time.
enum class Ending : std::uint8_t {
  none,        // it took none: it was recorded when it was done
  unfinished,  // it began, and the task ended first
  done,
  failed,
};
std::string_view name(Ending);  // "", "unfinished", ...

struct Entry {
  std::uint64_t sequence = 0;  // position of the first effect of this run in the task, from 0
  Kind kind = Kind::state_read;
  Refusal refusal = Refusal::none;
  std::uint64_t count = 1;     // effects in this run
  std::uint64_t bytes = 0;     // moved by them in all
  std::uint64_t size = 0;      // the largest Effect::size among them
  std::string resource;
  std::string by;  // what refused: the deny's text, the limits (authority::refused_by), the capability that is gone, the rules
                   // of a policy with file and line, or what was asked for if `resource` is where it leads
  std::string digest;          // lower-case hex SHA-256 of what was read, where it is an immutable input; may be empty
  Ending ending = Ending::none;
  std::uint64_t duration = 0;  // ns, of one that began and ended
  Fields fields = {};          // of a kind of one's own
  friend bool operator==(const Entry&, const Entry&) = default;
};
inline Named named(const Entry& e) { return named(e.kind, e.resource); }

class Journal {
 public:
  Journal() = default;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // The number of a resource in this journal: what records an effect on it again without looking at its text.
  using Place = std::uint32_t;

  Place record(const Effect& effect, Refusal refusal, std::string_view by = {});
  // Allowed. What follows an equal one is counted in place: it is as frequent as system calls are elsewhere.
  void record_again(Kind kind, Place resource, std::uint64_t bytes, std::uint64_t size) {
    if (growing_ != std::pair(kind, resource)) return record_another(kind, resource, bytes, size);
    ++effects_;
    last_bytes_ = std::min(bytes, most);
    join_last(last_bytes_, std::min(size, most));
  }

  // An allowed effect that takes time. Those that never end stay `unfinished`.
  struct Begun {
    std::uint32_t run;
    Nanoseconds at;
  };
  Begun begin(const Effect& effect, Nanoseconds now);
  void end(Begun, Ending, Nanoseconds now, std::uint64_t bytes = 0);
  std::vector<Effect> under_way() const;  // begun and not ended, in order

  // What the last allowed effect on that resource read: lower-case hex SHA-256. If earlier effects of its run read
  // another content, that effect becomes an entry of its own. Nothing happens if there is no such effect.
  void set_digest(std::string_view resource, std::string_view digest);
  std::vector<Entry> entries() const;
  std::uint64_t text_size() const { return text_size_; }  // no less than the texts of all entries take together
  std::uint64_t effects() const { return effects_; }  // allowed and denied
  std::uint64_t denied() const { return denied_; }

 private:
  struct Run {
    std::uint64_t bytes, size;
    std::uint32_t count;
    Place resource;
    std::uint32_t note;  // index in notes_; 0: none
    Kind kind;
    Refusal refusal;
  };
  static_assert(sizeof(Run) == 32);
  struct Note {  // what few entries have
    std::string by, digest;
    Ending ending = Ending::none;
    std::uint64_t duration = 0;
    Fields fields = {};
  };
  Place intern(const std::string& resource);
  void add(Kind, Refusal, Place, std::uint64_t bytes, std::uint64_t size, std::uint32_t note);
  bool joins_last(Kind, Refusal, Place, std::string_view by) const;
  void join_last(std::uint64_t bytes, std::uint64_t size) {  // each at most `most`
    auto& last = runs_.back();
    last.bytes = std::min(last.bytes + bytes, most);
    last.size = std::max(last.size, size);
    if (++last.count == UINT32_MAX) growing_.reset();
  }
  void record_another(Kind kind, Place resource, std::uint64_t bytes, std::uint64_t size);
  std::uint32_t note_of(std::string_view by);
  std::uint32_t add_note(Note);
  const Note& note(const Run& r) const { return notes_[r.note]; }

  static constexpr std::uint64_t most = (std::uint64_t{1} << 53) - 1;  // that every JSON reader holds

  std::vector<Run> runs_;
  std::optional<std::pair<Kind, Place>> growing_;  // of the last run, if an allowed effect of it would join
  std::vector<Note> notes_{1};
  std::deque<std::string> resources_;  // by Place
  std::vector<std::uint64_t> lengths_;  // by Place: of the text of an entry on it without a note
  std::unordered_map<std::string_view, Place> places_;
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
