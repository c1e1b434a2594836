// The Merkle tree of RFC 6962 section 2.1 (RFC 9162 section 2.1): its hashes, how it grows, and where its proofs come
// from. Leaves and inner nodes are hashed under different prefixes, so that neither can be passed off as the other.
//
// A tree of n leaves is kept as its perfect subtrees. Node (level, index) is the hash over the leaves
// [index << level, (index + 1) << level); once made it never changes. A tree of n leaves has at most 2n of them, a new
// leaf makes amortised two, and every root and proof is made from O(log n) of them: nothing is made from the leaves
// again. Pure: where nodes are kept is the caller's affair.
#pragma once

#include <cstdint>
#include <vector>

#include "writ/base/result.h"
#include "writ/wire/digest.h"

namespace writ::merkle {

using Hash = Sha256;
using Path = std::vector<Hash>;

Hash empty_root();                                  // of the tree without leaves
Hash leaf_hash(BytesView leaf);                     // H(0x00 || leaf)
Hash node_hash(const Hash& left, const Hash& right);  // H(0x01 || left || right)

struct NodeId {
  unsigned level = 0;       // 0: a leaf's hash
  std::uint64_t index = 0;  // from the left, within the level
  friend auto operator<=>(NodeId, NodeId) = default;
};

// Where perfect nodes are read. A node that the tree has and the source has not is `corrupt`.
class Nodes {
 public:
  virtual ~Nodes() = default;
  virtual Result<Hash> node(NodeId) const = 0;
};

struct NewNode {
  NodeId id;
  Hash hash;
};

// The right edge of a tree: the roots of its perfect subtrees, the largest first, one for each bit of the size. It is all
// that growing needs: a leaf takes amortised one inner hash, the root one for each subtree, and neither reads a node.
class Frontier {
 public:
  Frontier() = default;  // of the empty tree
  // `invalid` unless there is one root for each bit of the size.
  static Result<Frontier> of(std::uint64_t size, std::vector<Hash> roots);

  // The nodes that this leaf completes, its own first.
  std::vector<NewNode> add(const Hash& leaf);
  Hash root() const;
  std::uint64_t size() const { return size_; }
  const std::vector<Hash>& roots() const { return roots_; }

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> roots_;
};

// The root over the first `size` leaves.
Result<Hash> root(const Nodes&, std::uint64_t size);

// PATH(index, D[0:size]), sibling of the leaf first. Requires index < size, else `invalid`.
Result<Path> inclusion_path(const Nodes&, std::uint64_t index, std::uint64_t size);

// PROOF(first, D[0:second]). Requires 0 < first <= second, else `invalid`: nothing can be proved about the empty tree.
Result<Path> consistency_path(const Nodes&, std::uint64_t first, std::uint64_t second);

}  // namespace writ::merkle
