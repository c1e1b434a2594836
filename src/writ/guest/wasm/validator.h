// Says whether a module is valid (WebAssembly core specification 2.0, chapters 3 and 5, without SIMD): before anything is
// translated from it. One pass, in this process, on bytes that are hostile.
#pragma once

#include "writ/base/result.h"
#include "writ/guest/wasm/module.h"
#include "writ/wire/bytes.h"

namespace writ::guest::wasm {

// What parse_module read is not looked at again, except where it only counts. `invalid` with the byte; `exhausted` if blocks
// nest, or operands are compared, more often than any honest module needs.
Result<void> check_valid(BytesView code, const Module&);

}  // namespace writ::guest::wasm
