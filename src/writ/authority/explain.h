// Why an effect was refused, and the smallest grant that would let it pass: what `writ why` prints.
//
// The proposed grant is literal (a pattern only where the operator's own grant with a raised limit is one), safe to paste
// in any shell, and never proposed for credentials, key stores or metadata addresses: those are marked sensitive
// (sensitive.h). An explanation comes from the journal's entry alone. Source: interface.md "Denials".
#pragma once

#include <optional>
#include <string>

#include "writ/authority/grant.h"
#include "writ/authority/sensitive.h"
#include "writ/effect/journal.h"

namespace writ::authority {

struct Denial {
  std::string effect, resource;
  std::string by;           // "no capability", "deny file.read:/etc/", "limit bytes of file.read:/x/", "escape"
  std::string reason;       // one sentence for a person, safe for a terminal
  std::string grant;        // smallest grant that makes this very effect pass; empty if sensitive or no grant can
  std::string grant_shell;  // the same as an option, safe to paste: --grant file.read:/etc/hostname
  bool sensitive = false;
};

// The grant of exactly this resource; nothing if no grant can mean it.
std::optional<Grant> literal_grant(effect::Kind, const std::string& resource);

// Of an entry that was refused. An `escape` has as its resource where the path leads, and in `by` the path that was asked
// for; they are the same if it is unknown where it leads. A grant of the asked path by name is resolved at admission.
Denial explain(const effect::Entry& denied);

}  // namespace writ::authority
