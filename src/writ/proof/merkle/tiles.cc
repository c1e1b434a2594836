#include "writ/proof/merkle/tiles.h"

#include <fmt/format.h>

#include <algorithm>

#include "writ/base/assert.h"

namespace writ::merkle {
namespace {

constexpr std::size_t hash_bytes = 32, length_bytes = 2, longest_leaf = 0xffff;

std::string number_path(std::uint64_t n, std::uint64_t width) {
  std::string path = fmt::format("{:03}", n % 1000);
  for (n /= 1000; n != 0; n /= 1000) path = fmt::format("x{:03}/{}", n % 1000, path);
  return width == tile_width ? path : fmt::format("{}.p/{}", path, width);
}

Error broken(std::string_view what, std::string where) { return {Code::corrupt, std::string(what), std::move(where), {}}; }

}  // namespace

std::string tile_path(const Tile& t) { return fmt::format("tile/{}/{}", t.level, number_path(t.index, t.width)); }
std::string entries_path(std::uint64_t index, std::uint64_t width) { return "tile/entries/" + number_path(index, width); }

std::vector<Tile> tiles_between(std::uint64_t before, std::uint64_t size) {
  std::vector<Tile> tiles;
  for (unsigned level = 0; level * tile_levels < 64 && size >> (level * tile_levels) != 0; ++level) {
    const std::uint64_t had = before >> (level * tile_levels), has = size >> (level * tile_levels);
    if (had == has) continue;
    for (std::uint64_t index = had / tile_width; index * tile_width < has; ++index)
      tiles.push_back({level, index, std::min(tile_width, has - index * tile_width)});
  }
  return tiles;
}

Result<Bytes> make_tile(const Nodes& nodes, const Tile& t) {
  Bytes out;
  for (std::uint64_t i = 0; i < t.width; ++i) {
    WRIT_TRY(const Hash hash, nodes.node({t.level * tile_levels, t.index * tile_width + i}));
    out.insert(out.end(), hash.bytes.begin(), hash.bytes.end());
  }
  return out;
}

Bytes make_entries(const std::vector<Bytes>& leaves) {
  Bytes out;
  for (const Bytes& leaf : leaves) {
    WRIT_ASSERT(leaf.size() <= longest_leaf);
    out.push_back(static_cast<std::byte>(leaf.size() >> 8));
    out.push_back(static_cast<std::byte>(leaf.size()));
    out.insert(out.end(), leaf.begin(), leaf.end());
  }
  return out;
}

Result<std::vector<Bytes>> read_entries(BytesView bytes, std::uint64_t width) {
  std::vector<Bytes> leaves;
  while (!bytes.empty()) {
    if (bytes.size() < length_bytes) return broken("a bundle of entries is cut short", {});
    const std::size_t length = std::to_integer<std::size_t>(bytes[0]) << 8 | std::to_integer<std::size_t>(bytes[1]);
    if (bytes.size() - length_bytes < length) return broken("a bundle of entries is cut short", {});
    leaves.emplace_back(bytes.begin() + length_bytes, bytes.begin() + static_cast<std::ptrdiff_t>(length_bytes + length));
    bytes = bytes.subspan(length_bytes + length);
  }
  if (leaves.size() != width) return broken(fmt::format("a bundle of {} entries instead of {}", leaves.size(), width), {});
  return leaves;
}

Result<Hash> TileNodes::node(NodeId id) const {
  if (id.level >= 64 || id.index >= size_ >> id.level) return broken("the tree has no such node", fmt::format("{}/{}", id.level, id.index));
  // The node is the root over a run of hashes of the tile level below it, all in one tile.
  const unsigned level = id.level / tile_levels, height = id.level % tile_levels;
  const std::uint64_t first = id.index << height, there = size_ >> (level * tile_levels);
  const Tile tile{level, first / tile_width, std::min(tile_width, there - first / tile_width * tile_width)};
  const std::string path = tile_path(tile);
  WRIT_TRY(const Bytes bytes, fetch_(path));
  if (bytes.size() != tile.width * hash_bytes) return broken("a tile has the wrong length", path);
  Frontier edge;
  for (std::uint64_t i = 0; i < std::uint64_t{1} << height; ++i)
    edge.add(*Hash::from(BytesView(bytes).subspan((first % tile_width + i) * hash_bytes, hash_bytes)));
  return edge.root();
}

}  // namespace writ::merkle
