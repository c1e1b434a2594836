// The module that the translator sees: the same code, with every name that the guest chose taken out.
//
// wasm2c 1.0.32 writes export and import names into comments of its C code without escaping them, so that an export
// named "*/ ... /*" would put its own C into our compiler (we met this ourselves; a test shows it). So imports become
// h.f0, h.f1, ..., an exported function number N becomes fN, once; other exports and all custom sections go. What
// remains for symbols is w2c_fN for function N, which is also how a fault finds its function.
#pragma once

#include "writ/guest/wasm/module.h"

namespace writ::guest::wasm {

// `code` must be what `module` was parsed from.
Bytes without_names(BytesView code, const Module& module);

}  // namespace writ::guest::wasm
