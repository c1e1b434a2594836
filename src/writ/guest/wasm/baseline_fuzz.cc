// Whatever a module holds, the baseline translator makes an object that our loader reads and that holds no forbidden
// instruction, or says why not. It must stay sound by itself, whether the module is valid or not; and what the validator takes
// it does not find invalid.
#include <cstddef>
#include <cstdint>

#include "writ/base/assert.h"
#include "writ/guest/wasm/baseline.h"
#include "writ/guest/wasm/forbidden.h"
#include "writ/guest/wasm/validator.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace writ;
  const BytesView bytes = std::as_bytes(std::span(data, size));
  const auto module = guest::wasm::parse_module(bytes);
  if (!module) return 0;
  const auto valid = guest::wasm::check_valid(bytes, *module);
  WRIT_ASSERT(valid || valid.error().code == Code::invalid || valid.error().code == Code::exhausted);
  for (const auto constants : {guest::wasm::Constants::plain, guest::wasm::Constants::hidden}) {
    const auto object = guest::wasm::translate_baseline(bytes, *module, constants);
    if (!object) {
      WRIT_ASSERT(object.error().code == Code::invalid || object.error().code == Code::unsupported || object.error().code == Code::exhausted);
      WRIT_ASSERT(!object.error().what.empty());
      WRIT_ASSERT(!valid || object.error().code != Code::invalid);
      continue;
    }
    const auto clean = guest::wasm::is_free_of_forbidden(*object);
    WRIT_ASSERT(clean && *clean);
  }
  return 0;
}
