// Any bytes may be a module; what it says of itself is text of a bounded length, or an error with a reason.
#include <cstddef>
#include <cstdint>

#include "writ/base/assert.h"
#include "writ/base/escape.h"
#include "writ/guest/wasm/declaration.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace writ;
  const auto found = guest::wasm::declaration(std::as_bytes(std::span(data, size)));
  if (!found) {
    WRIT_ASSERT(found.error().code == Code::invalid && !found.error().what.empty());
    return 0;
  }
  if (*found) WRIT_ASSERT((*found)->size() <= guest::wasm::max_declaration.value() && (*found)->size() <= size && is_utf8(**found));
  return 0;
}
