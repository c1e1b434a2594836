// Whatever a manifest holds, it is read or refused with a place, and what was read are words that the grant parser
// takes or refuses in turn.
#include <cstddef>
#include <cstdint>

#include "manifest.h"
#include "writ/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  writ::guest::Limits limits;
  const auto manifest = writ::cli::parse_manifest({reinterpret_cast<const char*>(data), size}, "m.toml", limits);
  if (!manifest) {
    WRIT_ASSERT(manifest.error().where.starts_with("m.toml:"));
    return 0;
  }
  for (const auto& grant : manifest->grants) (void)writ::authority::parse_grant(grant.text, "/work", {});
  return 0;
}
