// Whatever a guest performs or an operator declares: what is taken is written back as the same, and stands for one thing.
#include <cstddef>
#include <cstdint>

#include "writ/base/assert.h"
#include "writ/effect/own_kind.h"
#include "writ/effect/vocabulary.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace writ;
  using namespace writ::effect;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto e = parse_own_effect(text)) {
    const auto thing = named(Kind::own, e->resource);
    WRIT_ASSERT(is_own_name(thing.effect) && !thing.resource.empty() && thing.resource.find('\0') == std::string_view::npos);
    WRIT_ASSERT(e->fields.size() <= max_fields);
    for (const auto& f : e->fields) WRIT_ASSERT(is_field_name(f.name) && f.value <= largest_decimal);
  }
  if (const auto fields = parse_fields(text)) {
    const auto again = parse_fields(effect::text(*fields));
    WRIT_ASSERT(again && *again == *fields);
  }
  if (const auto kind = parse_kind(text)) {
    const auto again = declare_kind(kind->name, kind->fields);
    WRIT_ASSERT(again && *again == *kind && !find_kind(kind->name));
  }
  return 0;
}
