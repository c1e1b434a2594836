// The folder of signing keys: $XDG_CONFIG_HOME/writ/keys, never inside a store, so that a copied store carries no key.
//
// A key file holds one canonical JSON document, writ.key/1: the 32-byte seed in base64 and when it was made. It is made on
// first use with mode 0600 in a folder of mode 0700. A file or folder that others could write or read is refused, not
// mended: somebody may have read it already.   Format: docs/formats/key.md.
#pragma once

#include <string>
#include <vector>

#include "writ/base/clock.h"
#include "writ/wire/sign.h"

namespace writ::runtime {

enum class IfAbsent : std::uint8_t { fail, make };

// The key of this user. `denied` if its file is open to others, `corrupt` if it is malformed, `unavailable` if absent.
Result<SigningKey> load_signing_key(const std::string& folder, IfAbsent, const Clock&);

// A new key in place of the old one, whose secret half is gone then. Its public half stays in the folder `retired`, so that
// what it has signed is still known as this user's own. Whoever trusted the old key has to be told the new one.
Result<void> rotate_signing_key(const std::string& folder, const Clock&);
// The keys of this user that sign no more. `corrupt` names a file that is malformed.
Result<std::vector<PublicKey>> retired_keys(const std::string& folder);

}  // namespace writ::runtime
