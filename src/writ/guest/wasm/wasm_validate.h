// What wasm-validate says of a module that our own parser or validator refused: its words are better than ours, and it tells
// which feature it is that wasm2c and we do not take, and what to rebuild. It has no part in the verdict.
#pragma once

#include <string>

#include "writ/base/result.h"
#include "writ/guest/wasm/toolchain.h"
#include "writ/wire/bytes.h"

namespace writ::guest::wasm {

// Why a module is refused: its words, if it is here and refuses too; else `ours`. Works in a private folder below `folder`.
Error in_words_of_wasm_validate(Error ours, BytesView code, const Program& validator, const std::string& folder);

}  // namespace writ::guest::wasm
