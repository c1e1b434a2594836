// The baseline translator: from a module straight to the machine code of an image, in one pass, for the fast tier.
//
// Its code is several times slower than what a compiler makes, and there some hundred times sooner. What it makes is an
// image like any other: the same objects (elf.h), the same rules (fence/scan.h), the same traps; the fence holds whatever
// it gets wrong. It runs in this process, on bytes that are hostile: it reads them through a Cursor, checks what it needs
// to stay sound itself, and leaves the verdict on the module to the validator.
#pragma once

#include <cstdint>
#include <string>

#include "writ/base/result.h"
#include "writ/guest/wasm/module.h"
#include "writ/wire/bytes.h"

namespace writ::guest::wasm {

// What an image may not hold by chance is kept out by writing constants in two parts (forbidden.h). That is tried when
// chance had its way; a test wants it from the beginning.
enum class Constants : std::uint8_t { plain, hidden };

// `invalid`: the module is not valid, as far as it was noticed. `unsupported`: an operator or a size that is for the best
// tier alone. `exhausted`: the code grows too large.
Result<Bytes> translate_baseline(BytesView code, const Module&, Constants first = Constants::plain);

// Changes whenever what it makes does: part of the digest of the toolchain.
std::string baseline_fingerprint();

}  // namespace writ::guest::wasm
