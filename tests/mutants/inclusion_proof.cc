// Without the check of inclusion proofs: any path leads to the root.
#include "writ/proof/merkle/check.h"

namespace writ::merkle {

Result<void> anything_is_included(const Hash&, std::uint64_t, std::uint64_t, std::span<const Hash>, const Hash&) asm(WRIT_GUARD);
Result<void> anything_is_included(const Hash&, std::uint64_t, std::uint64_t, std::span<const Hash>, const Hash&) { return {}; }

}  // namespace writ::merkle
