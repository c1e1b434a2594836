// No bytes but those that were sealed open, and opening any bytes is safe.
#include <cstdlib>

#include "writ/gate/memory_token.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace writ::gate;
  static const MemorySeal seal(std::array<std::byte, 32>{}, "fuzz");
  static const MemoryToken real = *seal.seal({region_object("a"), 1, 2, 3, 1});
  const writ::BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  const bool same = std::ranges::equal(bytes, real);
  if (seal.open(bytes, region_object("a"), 3).has_value() != same) std::abort();
  return 0;
}
