// Asks wasm-validate whether a module is valid and uses only what wasm2c can translate; if not, says which of the two,
// where, and what to rebuild.
#pragma once

#include <string>

#include "writ/base/result.h"
#include "writ/guest/wasm/toolchain.h"

namespace writ::guest::wasm {

// The module lies in `folder` as `file`. `invalid` with the byte that the validator names.
Result<void> validate(const Program& validator, const std::string& folder, const std::string& file);

}  // namespace writ::guest::wasm
