// Grant: EFFECT[:RESOURCE][,LIMIT=VALUE]... as people write it, parsed exactly or refused with the nearest word.
//
// A resource that ends in '/' means everything below it; a plain path means that one thing; '*' stays within one level,
// '**' crosses levels; %XX is a literal byte. `?` starts a shell-unsafe form and is refused with the words that work.
// Source: interface.md "Grants".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/clock.h"
#include "writ/base/result.h"
#include "writ/base/units.h"
#include "writ/effect/vocabulary.h"

namespace writ::authority {

// A resource pattern over canonical paths or names, matched segment by segment, without backtracking blow-up.
class Pattern {
 public:
  static Result<Pattern> parse(std::string_view text, effect::ResourceForm form, std::string_view working_folder);
  static Pattern literal(std::string_view resource);
  bool covers(std::string_view resource) const;
  bool covers_below(std::string_view folder) const;  // could anything below this folder be covered?
  std::string root() const;                           // the longest folder without a wildcard (of a host path)
  std::string text() const;                           // canonical, %XX where a byte is not plain
  friend bool operator==(const Pattern&, const Pattern&) = default;

 private:
  struct Segment {
    std::string text;                 // pieces between '*', bytes decoded; see `wild`
    std::vector<std::string> pieces;  // literal pieces around each '*'; one piece: no wildcard
    bool any_depth = false;           // "**"
    friend bool operator==(const Segment&, const Segment&) = default;
  };
  std::vector<Segment> segments_;
  bool absolute_ = false;
  bool below_ = false;  // ended in '/': everything below
};

struct Rate {
  std::uint64_t count = 0;
  Nanoseconds per{};
  friend bool operator==(const Rate&, const Rate&) = default;
};

struct Limits {
  std::optional<std::uint64_t> uses;
  std::optional<WallTime> expires;     // given as a time from now (10min) or RFC 3339
  std::optional<Rate> rate;            // 10/s, 100/min
  std::optional<ByteCount> bytes;      // in all
  std::optional<ByteCount> max_size;   // of one object or file
  std::optional<Nanoseconds> time;     // from the start of the task
  friend bool operator==(const Limits&, const Limits&) = default;
};

struct Grant {
  effect::Kind kind = effect::Kind::state_read;
  std::optional<Pattern> resource;  // none for effects without one; for others "everything" is not a default
  Limits limits;
  std::string text() const;  // canonical; parses back to an equal grant; no character that a shell touches except '*'
  friend bool operator==(const Grant&, const Grant&) = default;
};

// `now` is for relative expiry. Errors name the grant, the word and the nearest that exists.
Result<Grant> parse_grant(std::string_view text, std::string_view working_folder, WallTime now);

// A resource as it may stand in a grant: everything but plain bytes becomes %XX, so that it means itself in any shell.
std::string escape_resource(std::string_view resource);

}  // namespace writ::authority
