// Whatever a module holds, the baseline translator makes an object that our loader reads and that holds no forbidden
// instruction, or says why not. Nothing was validated before: it must stay sound by itself.
#include <cstddef>
#include <cstdint>

#include "writ/base/assert.h"
#include "writ/guest/wasm/baseline.h"
#include "writ/guest/wasm/forbidden.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace writ;
  const BytesView bytes = std::as_bytes(std::span(data, size));
  const auto module = guest::wasm::parse_module(bytes);
  if (!module) return 0;
  for (const auto constants : {guest::wasm::Constants::plain, guest::wasm::Constants::hidden}) {
    const auto object = guest::wasm::translate_baseline(bytes, *module, constants);
    if (!object) {
      WRIT_ASSERT(object.error().code == Code::invalid || object.error().code == Code::unsupported || object.error().code == Code::exhausted);
      WRIT_ASSERT(!object.error().what.empty());
      continue;
    }
    const auto clean = guest::wasm::is_free_of_forbidden(*object);
    WRIT_ASSERT(clean && *clean);
  }
  return 0;
}
