// Grant: EFFECT[:RESOURCE][,LIMIT=VALUE]... as people write it, parsed exactly or refused with the nearest word.
//
// `within=RESOURCE` among the limits names another pattern that must cover too, and may stand several times: it is how the
// meet of two patterns is written where no single one says it (lattice.h).
//
// A kind of one's own (effect/own_kind.h) is granted like another; its fields stand among the limits:
// `payments.charge:acme,amount=100,amount.total=500`. A grant holds every field that an effect of it may say.
//
// A grant consists of characters that no shell touches except '*'; everything else is written %XX. What the words mean:
// effects in effect/vocabulary.h, resources in pattern.h, limits in limits.h. `?` and `&`, as in a URL, are refused with
// the words that work, because a shell cuts the line at `&`. Source: interface.md "Grants".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "writ/authority/limits.h"
#include "writ/authority/pattern.h"
#include "writ/base/clock.h"
#include "writ/base/result.h"
#include "writ/base/units.h"
#include "writ/effect/vocabulary.h"

namespace writ::authority {

inline constexpr std::size_t max_within = 8;  // a check looks at each; eight narrowings by wildcards are many

struct Grant {
  effect::Kind kind = effect::Kind::state_read;
  std::optional<Pattern> resource = {};  // none for effects without one; for others "everything" is not a default
  std::pmr::vector<Pattern> within = {};  // what must cover besides
  Limits limits = {};

  bool covers(effect::Kind kind, std::string_view resource) const;  // whatever the limits say
  // Nothing that the kind of one's own did not declare is said; bounds are limits (capability.h).
  bool knows(const effect::Fields&) const;
  bool is_plain() const { return !resource || resource->is_plain(); }  // means one thing
  std::vector<Pattern> resources() const;  // `resource` and `within`
  Grant in(std::pmr::memory_resource*) const;  // a copy that lies there with all it has
  std::string text() const;  // canonical; parses back to an equal grant; no character that a shell touches except '*'
  friend bool operator==(const Grant&, const Grant&) = default;
};

// `now` is for relative expiry; `own` are the kinds that may be named besides the vocabulary. Errors name the grant, the
// word and the nearest that exists.
Result<Grant> parse_grant(std::string_view text, std::string_view working_folder, WallTime now, const effect::OwnKinds& own = {});
// The same without limits: a deny that ends would widen what a task may do.
Result<Grant> parse_deny(std::string_view text, std::string_view working_folder, const effect::OwnKinds& own = {});
// Grant::text() and deny texts of records that were checked when they were written.
Result<Grant> recorded_grant(std::string_view text);
Result<Grant> recorded_deny(std::string_view text);

}  // namespace writ::authority
