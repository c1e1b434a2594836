// What a damaged store may hold is refused, and every text comes back exactly.
#include <cstddef>
#include <cstdint>

#include "writ/base/assert.h"
#include "writ/proof/log_head.h"
#include "writ/proof/shorthand.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace writ;
  using namespace writ::proof;
  const BytesView bytes = std::as_bytes(std::span(data, size));
  std::string read;
  ShorthandReader damaged(bytes, {});
  while (read.size() < size * 64 && damaged.text(read)) {}

  const std::size_t half = size / 2;
  const std::string_view texts[] = {as_text(bytes.first(half)), as_text(bytes.subspan(half)), read};
  Bytes out;
  ShorthandWriter writer(out, {});
  for (const auto t : texts) writer.text(t);
  ShorthandReader reader(out, {});
  for (const auto t : texts) {
    std::string back;
    WRIT_ASSERT(reader.text(back) && back == t);
  }
  WRIT_ASSERT(reader.rest().empty());

  if (const auto head = decode_head(bytes)) {
    const Bytes again = encode(*head);
    WRIT_ASSERT(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  }
  return 0;
}
