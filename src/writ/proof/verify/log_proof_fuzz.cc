// A log proof or checkpoint that is accepted has one text.
#include <cstddef>
#include <cstdint>

#include "writ/base/assert.h"
#include "writ/proof/verify/log_proof.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace writ::proof;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto proof = parse_log_proof(text)) WRIT_ASSERT(format_log_proof(*proof) == text);
  if (const auto checkpoint = parse_checkpoint(text)) WRIT_ASSERT(format_checkpoint(*checkpoint) == text);
  return 0;
}
