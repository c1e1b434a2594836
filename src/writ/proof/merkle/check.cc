#include "writ/proof/merkle/check.h"

#include <fmt/format.h>

#include <bit>

namespace writ::merkle {
namespace {

Error wrong_length(std::size_t length) {
  return invalid(fmt::format("a Merkle path of {} hashes does not fit the tree sizes", length));
}
Error wrong_root(std::string_view which) {
  return {Code::corrupt, fmt::format("the Merkle path does not lead to the {}root", which), {}, {}};
}

}  // namespace

// `at` is the position of the node we hold in its level, `last` that of the level's last node. Where both are equal and
// even, the node has no sibling in this level and rises unchanged.
Result<void> check_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size, std::span<const Hash> path,
                             const Hash& root) {
  if (index >= size) return invalid(fmt::format("no leaf {} in a tree of {}", index, size));
  std::uint64_t at = index, last = size - 1;
  Hash hash = leaf;
  for (const Hash& sibling : path) {
    if (last == 0) return wrong_length(path.size());
    if (at % 2 == 1 || at == last) {
      hash = node_hash(sibling, hash);
      while (at % 2 == 0 && at != 0) at >>= 1, last >>= 1;
    } else {
      hash = node_hash(hash, sibling);
    }
    at >>= 1;
    last >>= 1;
  }
  if (last != 0) return wrong_length(path.size());
  if (hash != root) return wrong_root("");
  return {};
}

Result<void> check_consistency(std::uint64_t first, const Hash& first_root, std::uint64_t second,
                               const Hash& second_root, std::span<const Hash> path) {
  if (first == 0 || first > second) {
    return invalid(fmt::format("no consistency proof from size {} to {}", first, second));
  }
  if (first == second) {
    if (!path.empty()) return wrong_length(path.size());
    if (first_root != second_root) return wrong_root("");
    return {};
  }
  if (path.empty()) return wrong_length(0);

  // A first tree that is one perfect subtree is where the proof starts; its hash is not repeated in the path.
  std::size_t next = 0;
  const Hash start = std::has_single_bit(first) ? first_root : path[next++];
  std::uint64_t at = first - 1, last = second - 1;
  while (at % 2 == 1) at >>= 1, last >>= 1;
  Hash old_hash = start, new_hash = start;
  for (; next < path.size(); ++next) {
    if (last == 0) return wrong_length(path.size());
    if (at % 2 == 1 || at == last) {
      old_hash = node_hash(path[next], old_hash);
      new_hash = node_hash(path[next], new_hash);
      while (at % 2 == 0 && at != 0) at >>= 1, last >>= 1;
    } else {
      new_hash = node_hash(new_hash, path[next]);
    }
    at >>= 1;
    last >>= 1;
  }
  if (last != 0) return wrong_length(path.size());
  if (old_hash != first_root) return wrong_root("first ");
  if (new_hash != second_root) return wrong_root("second ");
  return {};
}

}  // namespace writ::merkle
