// The head of a log: what appending needs, in one record, so that a leaf reads one record and writes one. It holds the
// size, the right edge of the tree, the statements of the block that is not full yet, who signs, and the signature of the
// checkpoint of that size. Pure. Format: docs/formats/log.md.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "writ/proof/merkle/tree.h"
#include "writ/proof/verify/key.h"
#include "writ/wire/sign.h"

namespace writ::proof {

// Statements are stored in blocks of so many. The nodes below a block's own are made again from it when a proof needs
// them: at most 31 hashes, which cost less than reading as many records.
inline constexpr std::uint64_t block_leaves = 16;
inline constexpr unsigned block_level = 4;
static_assert(std::uint64_t{1} << block_level == block_leaves);

struct HeadRecord {
  merkle::Frontier edge;
  std::vector<Sha256> pending;             // statements since the last full block
  NoteKeyId key{};                         // who signed last, or will sign this
  std::optional<Signature> signature;      // of the checkpoint of this size; none: within a commit that is sealed at its end
};

// What is stored when a leaf completes a block: its statements, then the nodes from block_level up that end with it.
struct FullBlock {
  std::uint64_t number = 0;
  Bytes record;
};

// The head with one leaf more, unsigned; and the block, if the leaf completes one.
std::optional<FullBlock> add(HeadRecord&, const Sha256& statement);

Bytes encode(const HeadRecord&);
Result<HeadRecord> decode_head(BytesView);  // `corrupt`

}  // namespace writ::proof
