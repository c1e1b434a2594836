#include "writ/proof/merkle/tiles.h"

#include <gtest/gtest.h>

#include <map>

#include "writ/proof/merkle/check.h"

namespace writ::merkle {
namespace {

class MapNodes : public Nodes {
 public:
  void add(const Hash& leaf) {
    for (const NewNode& n : edge.add(leaf)) nodes.emplace(n.id, n.hash);
  }
  Result<Hash> node(NodeId id) const override { return nodes.at(id); }
  Frontier edge;
  std::map<NodeId, Hash> nodes;
};

TEST(Tiles, PathsAreThoseOfTheSpecification) {
  EXPECT_EQ(tile_path({0, 0, 256}), "tile/0/000");
  EXPECT_EQ(tile_path({0, 0, 1}), "tile/0/000.p/1");
  EXPECT_EQ(tile_path({3, 1234067, 256}), "tile/3/x001/x234/067");
  EXPECT_EQ(tile_path({1, 1000, 255}), "tile/1/x001/000.p/255");
  EXPECT_EQ(entries_path(273, 112), "tile/entries/273.p/112");
}

TEST(Tiles, AGrowingLogMakesEachTileOnce) {
  EXPECT_TRUE(tiles_between(7, 7).empty());
  EXPECT_EQ(tiles_between(0, 1), (std::vector<Tile>{{0, 0, 1}}));
  EXPECT_EQ(tiles_between(255, 256), (std::vector<Tile>{{0, 0, 256}, {1, 0, 1}}));
  EXPECT_EQ(tiles_between(256, 257), (std::vector<Tile>{{0, 1, 1}}));
  EXPECT_EQ(tiles_between(0, 70'000).size(), 274u + 2u + 1u);  // the example of the specification has as many
}

TEST(Tiles, ATreeIsReadBackFromItsTiles) {
  MapNodes tree;
  std::map<std::string, Bytes> folder;
  std::uint64_t before = 0;
  std::vector<Hash> roots{empty_root()};
  const auto fetch = [&](const std::string& path) -> Result<Bytes> {
    const auto found = folder.find(path);
    if (found == folder.end()) return Error{Code::unavailable, "no such tile", path, {}};
    return found->second;
  };
  for (std::uint64_t size = 1; size <= 700; ++size) {
    tree.add(leaf_hash(as_bytes(std::to_string(size))));
    roots.push_back(tree.edge.root());
    if (size % 7 != 0 && size % 256 > 1) continue;
    for (const Tile& t : tiles_between(before, size)) EXPECT_TRUE(folder.emplace(tile_path(t), *make_tile(tree, t)).second);
    const TileNodes tiles(size, fetch);
    ASSERT_EQ(*root(tiles, size), tree.edge.root()) << size;
    ASSERT_TRUE(check_consistency(before == 0 ? 1 : before, roots[before == 0 ? 1 : before], size, roots[size],
                                  *consistency_path(tiles, before == 0 ? 1 : before, size)));
    before = size;
  }
  const TileNodes tiles(before, fetch);
  for (std::uint64_t i = 0; i < before; i += 13) EXPECT_EQ(*inclusion_path(tiles, i, before), *inclusion_path(tree, i, before));
  folder["tile/0/000"].pop_back();
  EXPECT_EQ(inclusion_path(tiles, 3, before).error().code, Code::corrupt);
  EXPECT_EQ(tiles.node({0, before}).error().code, Code::corrupt);
}

TEST(Tiles, EntriesComeBackAndNothingElseDoes) {
  const std::vector<Bytes> leaves{Bytes(32), {}, Bytes(300, std::byte{1})};
  const Bytes bundle = make_entries(leaves);
  EXPECT_EQ(*read_entries(bundle, 3), leaves);
  EXPECT_FALSE(read_entries(bundle, 2));
  EXPECT_FALSE(read_entries(bundle, 4));
  for (std::size_t n = 0; n < bundle.size(); ++n) EXPECT_FALSE(read_entries(BytesView(bundle).first(n), 3)) << n;
}

}  // namespace
}  // namespace writ::merkle
