// Which store a command works on, found so that a folder somebody else prepared cannot choose it: --store, else
// $WRIT_STORE, else the nearest .writ/ at or above the working folder on the same file system, else the user's own,
// $XDG_DATA_HOME/writ. A .writ/ that this user does not own, that others can write, that is a link, that git tracks, or
// that came from elsewhere (base/birthplace.h) is an error and never skipped in silence. Source: interface.md "The store".
#pragma once

#include <optional>
#include <string>

#include "surroundings.h"
#include "writ/base/result.h"

namespace writ::cli {

enum class Origin : unsigned char { option, variable, found, own };

struct StorePlace {
  std::string folder;  // absolute; the one that holds writ.db
  Origin origin = Origin::own;
};

Result<StorePlace> find_store(const Surroundings&, const std::optional<std::string>& option);

// Why this .writ/ is not to be used without `writ trust`; the text is empty if nothing is wrong with it.
Result<std::string> suspicion(const std::string& dot_writ, uid_t user);

}  // namespace writ::cli
