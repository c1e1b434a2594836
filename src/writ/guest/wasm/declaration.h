// What a module says of itself: the custom section `writ.manifest`, a manifest like that of --manifest. It grants nothing;
// it is compared with what is granted. Source: interface.md "Manifest".
#pragma once

#include <optional>
#include <string>

#include "writ/base/result.h"
#include "writ/base/units.h"
#include "writ/wire/bytes.h"

namespace writ::guest::wasm {

inline constexpr ByteCount max_declaration = 64 * KiB;  // some thousand lines

// Nothing if the bytes are no module or have no such section. `invalid` if there are two, or one is too long or no text.
Result<std::optional<std::string>> declaration(BytesView module);

}  // namespace writ::guest::wasm
