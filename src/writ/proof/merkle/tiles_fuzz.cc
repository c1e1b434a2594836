// A bundle of entries that is accepted has one spelling; a tile of any bytes gives nodes or an error, never a crash.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "writ/base/assert.h"
#include "writ/proof/merkle/tiles.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace writ;
  if (size == 0) return 0;
  const BytesView bytes = std::as_bytes(std::span(data + 1, size - 1));
  if (const auto leaves = merkle::read_entries(bytes, data[0])) {
    const Bytes again = merkle::make_entries(*leaves);
    WRIT_ASSERT(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  }
  // The tree is as large as the tile says that it is, or not.
  const merkle::TileNodes tiles(data[0], [&](const std::string&) -> Result<Bytes> { return Bytes(bytes.begin(), bytes.end()); });
  const auto root = merkle::root(tiles, data[0]);
  WRIT_ASSERT(data[0] == 0 || root.has_value() == (bytes.size() == data[0] * std::size_t{32}));
  for (unsigned level = 0; level < 9; ++level) (void)tiles.node({level, bytes.size() % 256});
  return 0;
}
