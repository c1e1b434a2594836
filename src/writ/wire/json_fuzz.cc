// Whatever is read can be written in canonical form, and that form reads back as itself.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "writ/base/assert.h"
#include "writ/wire/canonical.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = writ::parse_json({reinterpret_cast<const char*>(data), size});
  if (!value) return 0;
  const std::string text = writ::canonical_json(*value);
  const auto again = writ::parse_canonical(text);
  WRIT_ASSERT(again && writ::canonical_json(*again) == text);
  return 0;
}
