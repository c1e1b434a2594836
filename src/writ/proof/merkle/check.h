// Checks the proofs of tree.h with nothing at hand but hashes: RFC 9162 sections 2.1.3.2 and 2.1.4.2. What an auditor
// reads first. `invalid`: no such proof can exist (an index or length that does not fit the sizes); `corrupt`: the proof
// does not lead to the root.
#pragma once

#include <cstdint>
#include <span>

#include "writ/base/result.h"
#include "writ/proof/merkle/tree.h"

namespace writ::merkle {

Result<void> check_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size, std::span<const Hash> path,
                             const Hash& root);

// That the tree with second_root begins with the tree of first_root. A first size of 0 is `invalid`.
Result<void> check_consistency(std::uint64_t first, const Hash& first_root, std::uint64_t second,
                               const Hash& second_root, std::span<const Hash> path);

}  // namespace writ::merkle
