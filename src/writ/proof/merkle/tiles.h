// Tiles (C2SP tlog-tiles): the form in which a log lies in a folder or behind a web server, so that anyone can fetch what a
// proof needs and check it. A tile holds up to 256 hashes of one level, every eighth level has tiles, and the bundles of
// entries run beside the lowest. A tile that is not full has its width in its name, so that a file never changes.
//
//   tile/L/N[.p/W]          hashes of tree level 8*L, from number 256*N on
//   tile/entries/N[.p/W]    the leaves themselves: each its length (2 bytes, big-endian), then its bytes
//
// N is written in groups of three digits, all but the last with an x before it: 1234067 is x001/x234/067. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "writ/proof/merkle/tree.h"

namespace writ::merkle {

inline constexpr unsigned tile_levels = 8;
inline constexpr std::uint64_t tile_width = std::uint64_t{1} << tile_levels;

struct Tile {
  unsigned level = 0;       // of tiles
  std::uint64_t index = 0;
  std::uint64_t width = 0;  // hashes in it, 1 to 256
  friend auto operator<=>(const Tile&, const Tile&) = default;
};

std::string tile_path(const Tile&);
std::string entries_path(std::uint64_t index, std::uint64_t width);

// The tiles that the log has at `size` and had not at `before`. Those of level 0 are the bundles of entries, too.
std::vector<Tile> tiles_between(std::uint64_t before, std::uint64_t size);

Result<Bytes> make_tile(const Nodes&, const Tile&);
Bytes make_entries(const std::vector<Bytes>& leaves);  // each shorter than 64 KiB
// `corrupt` unless the bundle holds exactly this many leaves and nothing else.
Result<std::vector<Bytes>> read_entries(BytesView, std::uint64_t width);

// A tree of this size read from its tiles; `fetch` gets the bytes of a path. Nothing is checked but the form: the root is.
class TileNodes final : public Nodes {
 public:
  using Fetch = std::function<Result<Bytes>(const std::string& path)>;
  TileNodes(std::uint64_t size, Fetch fetch) : size_(size), fetch_(std::move(fetch)) {}
  Result<Hash> node(NodeId) const override;

 private:
  std::uint64_t size_;
  Fetch fetch_;
};

}  // namespace writ::merkle
