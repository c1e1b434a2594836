// Without the canonical form: a receipt may be spelled as any JSON parser reads it.
#include <nlohmann/json.hpp>

#include "writ/proof/verify/receipt.h"
#include "writ/wire/canonical.h"

namespace writ::proof {

Verification strict(std::string_view text, const Trust&) asm(WRIT_GUARDED);
Verification any_spelling(std::string_view text, const Trust&) asm(WRIT_GUARD);
Verification any_spelling(std::string_view text, const Trust& trust) {
  const auto value = parse_json(text);
  return strict(value ? canonical_json(*value) : std::string(text), trust);
}

}  // namespace writ::proof
