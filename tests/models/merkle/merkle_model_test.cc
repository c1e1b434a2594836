// The tree against a slow, obvious model: RFC 6962 section 2.1 written down as it stands, over the leaves themselves.
// Exhaustive for every tree up to 40 leaves, then at sizes around powers of two.
#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <span>

#include "writ/proof/merkle/check.h"

namespace writ::merkle {
namespace {

namespace model {
using Leaves = std::span<const Bytes>;

std::size_t k_of(std::size_t n) {
  std::size_t k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
Hash mth(Leaves d) {
  if (d.empty()) return sha256({});
  if (d.size() == 1) {
    Bytes text{std::byte{0}};
    text.insert(text.end(), d[0].begin(), d[0].end());
    return sha256(text);
  }
  const std::size_t k = k_of(d.size());
  Bytes text{std::byte{1}};
  for (const Hash& h : {mth(d.first(k)), mth(d.subspan(k))}) text.insert(text.end(), h.bytes.begin(), h.bytes.end());
  return sha256(text);
}
Path plus(Path path, Hash last) {
  path.push_back(last);
  return path;
}
Path path(std::size_t m, Leaves d) {
  if (d.size() == 1) return {};
  const std::size_t k = k_of(d.size());
  return m < k ? plus(path(m, d.first(k)), mth(d.subspan(k))) : plus(path(m - k, d.subspan(k)), mth(d.first(k)));
}
Path subproof(std::size_t m, Leaves d, bool whole) {
  if (m == d.size()) return whole ? Path{} : Path{mth(d)};
  const std::size_t k = k_of(d.size());
  return m <= k ? plus(subproof(m, d.first(k), whole), mth(d.subspan(k)))
                : plus(subproof(m - k, d.subspan(k), false), mth(d.first(k)));
}
}  // namespace model

class MapNodes : public Nodes {
 public:
  Result<Hash> node(NodeId id) const override {
    ++reads;
    const auto found = nodes_.find(id);
    if (found == nodes_.end()) return Error{Code::corrupt, "no such node", "", ""};
    return found->second;
  }
  void add(BytesView leaf) {
    for (const NewNode& n : edge_.add(leaf_hash(leaf))) EXPECT_TRUE(nodes_.emplace(n.id, n.hash).second) << "a node was made twice";
  }
  const Frontier& edge() const { return edge_; }
  std::size_t count() const { return nodes_.size(); }
  mutable std::size_t reads = 0;

 private:
  Frontier edge_;
  std::map<NodeId, Hash> nodes_;
};

struct Tree {
  std::vector<Bytes> leaves;
  MapNodes nodes;
  explicit Tree(std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
      leaves.push_back(to_bytes("leaf " + std::to_string(i)));
      nodes.add(leaves.back());
      EXPECT_EQ(nodes.edge().root(), *root(nodes, i + 1));
    }
  }
  model::Leaves first(std::size_t n) const { return std::span(leaves).first(n); }
};

TEST(MerkleModel, EverySmallTree) {
  const Tree tree(40);
  for (std::size_t n = 0; n <= 40; ++n) {
    const Hash root_n = model::mth(tree.first(n));
    ASSERT_EQ(root(tree.nodes, n), root_n) << n;
    for (std::size_t m = 0; m < n; ++m) {
      const auto path = inclusion_path(tree.nodes, m, n);
      ASSERT_EQ(path, model::path(m, tree.first(n))) << m << " of " << n;
      EXPECT_TRUE(check_inclusion(leaf_hash(tree.leaves[m]), m, n, *path, root_n));
    }
    for (std::size_t m = 1; m <= n; ++m) {
      const auto path = consistency_path(tree.nodes, m, n);
      ASSERT_EQ(path, model::subproof(m, tree.first(n), true)) << m << " to " << n;
      EXPECT_TRUE(check_consistency(m, model::mth(tree.first(m)), n, root_n, *path));
    }
  }
}

// Nothing but the one true statement passes: every other index, size, leaf, and every change of the path is refused.
TEST(MerkleModel, NothingElsePassesInclusion) {
  const Tree tree(17);
  for (std::size_t n = 1; n <= 17; ++n) {
    const Hash root_n = *root(tree.nodes, n);
    for (std::size_t m = 0; m < n; ++m) {
      const Hash leaf = leaf_hash(tree.leaves[m]);
      const Path path = *inclusion_path(tree.nodes, m, n);
      for (std::size_t other = 0; other < 20; ++other) {
        if (other != m) { EXPECT_FALSE(check_inclusion(leaf, other, n, path, root_n)) << other << "/" << m << "/" << n; }
      }
      for (std::size_t i = 0; i <= path.size(); ++i) {
        Path longer = path;
        longer.insert(longer.begin() + static_cast<std::ptrdiff_t>(i), i < path.size() ? path[i] : root_n);
        EXPECT_FALSE(check_inclusion(leaf, m, n, longer, root_n));
        if (i == path.size()) continue;
        Path shorter = path, changed = path;
        shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i));
        changed[i].bytes[31] ^= std::byte{1};
        EXPECT_FALSE(check_inclusion(leaf, m, n, shorter, root_n));
        EXPECT_FALSE(check_inclusion(leaf, m, n, changed, root_n));
      }
      EXPECT_FALSE(check_inclusion(leaf_hash(as_bytes("stranger")), m, n, path, root_n));
    }
  }
}

TEST(MerkleModel, NothingElsePassesConsistency) {
  const Tree tree(17);
  for (std::size_t n = 1; n <= 17; ++n) {
    for (std::size_t m = 1; m <= n; ++m) {
      const Hash first = *root(tree.nodes, m), second = *root(tree.nodes, n);
      const Path path = *consistency_path(tree.nodes, m, n);
      for (std::size_t i = 0; i < path.size(); ++i) {
        Path shorter = path, changed = path;
        shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i));
        changed[i].bytes[0] ^= std::byte{128};
        EXPECT_FALSE(check_consistency(m, first, n, second, shorter));
        EXPECT_FALSE(check_consistency(m, first, n, second, changed));
      }
      Path longer = path;
      longer.push_back(second);
      EXPECT_FALSE(check_consistency(m, first, n, second, longer));
      Hash wrong = first;
      wrong.bytes[5] ^= std::byte{4};
      EXPECT_FALSE(check_consistency(m, wrong, n, second, path));
      EXPECT_FALSE(check_consistency(m, first, n, wrong, path));
      EXPECT_FALSE(check_consistency(0, empty_root(), n, second, path));
    }
  }
}

TEST(MerkleModel, SizesAroundPowersOfTwo) {
  const Tree tree(1030);
  for (const std::size_t n : {127u, 128u, 129u, 511u, 512u, 513u, 1023u, 1024u, 1025u, 1030u}) {
    EXPECT_EQ(root(tree.nodes, n), model::mth(tree.first(n)));
    for (std::size_t m = 1; m <= n; m = m * 3 + 1) {
      EXPECT_EQ(inclusion_path(tree.nodes, m - 1, n), model::path(m - 1, tree.first(n)));
      EXPECT_EQ(consistency_path(tree.nodes, m, n), model::subproof(m, tree.first(n), true));
    }
  }
}

// The costs that the design promises, counted instead of timed.
TEST(MerkleModel, WorkIsBounded) {
  const std::size_t n = 5000;
  Tree tree(n);
  EXPECT_LE(tree.nodes.count(), 2 * n);
  EXPECT_LE(tree.nodes.edge().roots().size(), static_cast<std::size_t>(std::bit_width(n)));
  for (std::size_t m = 0; m < n; m += 7) {
    tree.nodes.reads = 0;
    ASSERT_TRUE(inclusion_path(tree.nodes, m, n));
    EXPECT_LE(tree.nodes.reads, 2u * static_cast<unsigned>(std::bit_width(n)));
    tree.nodes.reads = 0;
    ASSERT_TRUE(consistency_path(tree.nodes, m + 1, n));
    EXPECT_LE(tree.nodes.reads, 3u * static_cast<unsigned>(std::bit_width(n)));
  }
}

}  // namespace
}  // namespace writ::merkle
