// A signed note or verifier key that is accepted has one text.
#include <cstddef>
#include <cstdint>

#include "writ/base/assert.h"
#include "writ/proof/verify/note.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace writ::proof;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto note = parse_note(text)) WRIT_ASSERT(format_note(*note) == text);
  if (const auto key = parse_vkey(text)) WRIT_ASSERT(key->text() == text);
  return 0;
}
