#include "writ/proof/merkle/tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace writ::merkle {
namespace {

constexpr std::byte leaf_prefix[] = {std::byte{0}};
constexpr std::byte node_prefix[] = {std::byte{1}};

// The root over leaves [begin, end), where begin is a multiple of a power of two no smaller than end - begin: the
// perfect subtrees that the bits of the length name, joined from the right.
Result<Hash> range_root(const Nodes& nodes, std::uint64_t begin, std::uint64_t end) {
  std::uint64_t rest = end - begin;
  std::uint64_t at = end;
  std::optional<Hash> joined;
  while (rest != 0) {
    const auto level = static_cast<unsigned>(std::countr_zero(rest));
    at -= std::uint64_t{1} << level;
    WRIT_TRY(const Hash left, nodes.node({level, at >> level}));
    joined = joined ? node_hash(left, *joined) : left;
    rest &= rest - 1;
  }
  return *joined;
}

// Where RFC 6962 splits n > 1 leaves: the largest power of two smaller than n.
std::uint64_t split(std::uint64_t n) { return std::bit_floor(n - 1); }

}  // namespace

Hash empty_root() { return sha256({}); }
Hash leaf_hash(BytesView leaf) { return sha256_of_parts({leaf_prefix, leaf}); }
Hash node_hash(const Hash& left, const Hash& right) {
  return sha256_of_parts({node_prefix, left.view(), right.view()});
}

Result<Frontier> Frontier::of(std::uint64_t size, std::vector<Hash> roots) {
  if (roots.size() != static_cast<std::size_t>(std::popcount(size))) {
    return invalid(fmt::format("{} roots are not the right edge of a tree of {}", roots.size(), size));
  }
  Frontier out;
  out.size_ = size;
  out.roots_ = std::move(roots);
  return out;
}

std::vector<NewNode> Frontier::add(const Hash& leaf) {
  std::vector<NewNode> made{{{0, size_}, leaf}};
  for (std::uint64_t rest = size_; rest % 2 == 1; rest /= 2) {
    const NodeId last = made.back().id;
    made.push_back({{last.level + 1, last.index / 2}, node_hash(roots_.back(), made.back().hash)});
    roots_.pop_back();
  }
  roots_.push_back(made.back().hash);
  ++size_;
  return made;
}

Hash Frontier::root() const {
  if (roots_.empty()) return empty_root();
  Hash joined = roots_.back();
  for (auto left = roots_.rbegin() + 1; left != roots_.rend(); ++left) joined = node_hash(*left, joined);
  return joined;
}

Result<Hash> root(const Nodes& nodes, std::uint64_t size) {
  if (size == 0) return empty_root();
  return range_root(nodes, 0, size);
}

Result<Path> inclusion_path(const Nodes& nodes, std::uint64_t index, std::uint64_t size) {
  if (index >= size) {
    return invalid(fmt::format("no leaf {} in a tree of {}", index, size), {}, "an index below the size");
  }
  Path path;
  std::uint64_t begin = 0, end = size;
  while (end - begin > 1) {
    const std::uint64_t middle = begin + split(end - begin);
    const bool goes_left = index < middle;
    WRIT_TRY(const Hash sibling, goes_left ? range_root(nodes, middle, end) : range_root(nodes, begin, middle));
    path.push_back(sibling);
    (goes_left ? end : begin) = middle;
  }
  std::ranges::reverse(path);
  return path;
}

Result<Path> consistency_path(const Nodes& nodes, std::uint64_t first, std::uint64_t second) {
  if (first == 0 || first > second) {
    return invalid(fmt::format("no consistency proof from size {} to {}", first, second), {},
                   "0 < first size <= second size");
  }
  Path path;
  std::uint64_t begin = 0, end = second;
  bool begins_at_zero = true;  // SUBPROOF's flag: the reader has the root of the first tree and needs no copy of it
  while (end != first) {
    const std::uint64_t middle = begin + split(end - begin);
    const bool goes_left = first <= middle;
    WRIT_TRY(const Hash sibling, goes_left ? range_root(nodes, middle, end) : range_root(nodes, begin, middle));
    path.push_back(sibling);
    if (!goes_left) begins_at_zero = false;
    (goes_left ? end : begin) = middle;
  }
  if (!begins_at_zero) {
    WRIT_TRY(const Hash last, range_root(nodes, begin, end));
    path.push_back(last);
  }
  std::ranges::reverse(path);
  return path;
}

}  // namespace writ::merkle
