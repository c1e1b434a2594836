// Whatever the bytes are, the front of a module is read or refused, and what was read can be asked everything without
// going past its ends: the types of all functions, their names, and the sections that the rewriting steps cut out.
#include <cstddef>
#include <cstdint>

#include "writ/base/assert.h"
#include "writ/guest/wasm/module.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace writ;
  const BytesView bytes = std::as_bytes(std::span(data, size));
  const auto module = guest::wasm::parse_module(bytes);
  if (!module) {
    WRIT_ASSERT(module.error().code == Code::invalid || module.error().code == Code::unsupported || module.error().code == Code::exhausted);
    WRIT_ASSERT(!module.error().what.empty());
    return 0;
  }
  WRIT_ASSERT(module->canonical_types().size() == module->types.size());
  for (std::uint32_t f = 0; f < module->function_count() && f < 4096; ++f) {
    (void)module->type_of(f).text();
    (void)module->describe(f);
  }
  for (const auto& [name, function] : module->exports) WRIT_ASSERT(function < module->function_count());
  if (module->start) WRIT_ASSERT(*module->start < module->function_count());
  for (const auto& section : module->sections) WRIT_ASSERT(section.begin <= section.end && section.end <= size);
  return 0;
}
