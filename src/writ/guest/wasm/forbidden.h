// Keeps the byte patterns that no image may hold (fence/scan.h) out of honest modules.
//
// They come about by accident: in a constant that a program needs, in a jump's distance, at a seam of two instructions.
// Constants can be hidden (masked in the text and unmasked in a register); distances change with the layout. A module for
// which nothing helps is refused by the fence, as an image made by an attacker would be.
#pragma once

#include <string>

#include "writ/base/result.h"
#include "writ/wire/bytes.h"

namespace writ::guest::wasm {

// Whether the fence would take the code of this object. `corrupt` if it is none.
Result<bool> is_free_of_forbidden(BytesView object);

// The translator's C with every integer constant that holds the byte 0F, with which all patterns begin, written as
// image_hidden_u32(masked, mask) or image_hidden_u64(masked, mask). Data and tables are not code and stay.
std::string hide_constants(std::string_view translated);

}  // namespace writ::guest::wasm
