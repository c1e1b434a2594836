// Why an effect was refused, and the smallest grant that would let it pass: what `writ why` prints.
//
// The proposed grant is literal (never a pattern), safe to paste in any shell, and never proposed for credentials, key
// stores or metadata addresses: those are marked sensitive. Source: interface.md "Denials".
#pragma once

#include <string>

#include "writ/effect/journal.h"

namespace writ::authority {

struct Denial {
  std::string effect, resource;
  std::string by;           // "no capability", "deny file.read:/etc/", "limit bytes of file.read:/x/"
  std::string reason;       // one sentence for a person
  std::string grant;        // smallest grant that makes this very effect pass; empty if sensitive or no grant can
  std::string grant_shell;  // the same as an option, safe to paste: --grant file.read:/etc/hostname
  bool sensitive = false;
};

Denial explain(const effect::Entry& denied);
// Credentials and key stores: ~/.ssh, ~/.aws, /etc/shadow, *.pem, .netrc, .env, ... The list is in docs/effects.md.
bool is_sensitive(effect::Kind, std::string_view resource);

}  // namespace writ::authority
