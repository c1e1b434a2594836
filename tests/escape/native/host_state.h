// What a guest must not change of the host's CPU state, and what it must not see of it.
#pragma once

#include <string>

namespace writ::escape {
// Marks vector registers, as a cipher of the host would leave a key there (ATTACK_MARKER).
void mark_vectors();
// Empty, or what of flags and floating point is not as the ABI wants it.
std::string host_damage();
}  // namespace writ::escape
