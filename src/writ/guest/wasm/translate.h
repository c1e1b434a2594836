// From a module to the bytes of an image: validate, rename, translate, compile, link; each in a limited child process, in
// a private folder below the one given. The fast tier does all of it in this process (validator.h, baseline.h). The result is a
// position-independent ELF object without a single undefined symbol or writable byte.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "writ/base/result.h"
#include "writ/guest/wasm/module.h"
#include "writ/guest/wasm/toolchain.h"

namespace writ::guest::wasm {

// What is being done, for a person who waits: "translating to C", "compiling".
using Progress = std::function<void(std::string_view doing)>;

// With the tools of the toolchain, for its tier.
// `invalid`: the module is not valid or uses what is not supported. `exhausted`: translating it needs more than a limit.
// `unavailable`: a tool is missing.
Result<Bytes> translate(BytesView code, const Module&, const Toolchain&, const std::string& folder, const Progress& = {});

}  // namespace writ::guest::wasm
