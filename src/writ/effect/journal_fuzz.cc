// A journal entry that is accepted has one text.
#include <cstddef>
#include <cstdint>

#include "writ/base/assert.h"
#include "writ/effect/journal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto entry = writ::effect::decode_entry(text)) WRIT_ASSERT(writ::effect::encode(*entry) == text);
  return 0;
}
