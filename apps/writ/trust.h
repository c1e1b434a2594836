// Stores that this user decided to trust although discovery refuses them: `trusted-stores` in the configuration folder,
// one absolute path a line, written by `writ trust`. (Trusted keys of receipts are another thing:
// proof/verify/trust.h.)
#pragma once

#include <string>

#include "writ/base/result.h"

namespace writ::cli {

// Was this store folder (links resolved) trusted? No file: nothing was.
Result<bool> store_is_trusted(const std::string& config_folder, const std::string& store);
Result<void> trust_store(const std::string& config_folder, const std::string& store);

}  // namespace writ::cli
