// A grant that is accepted has a canonical text that means the same, and no text crashes the parser.
#include <cstddef>
#include <cstdint>

#include "writ/authority/grant.h"
#include "writ/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace writ;
  using namespace writ::authority;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto grant = parse_grant(text, "/work", {})) {
    const auto again = parse_grant(grant->text(), "/elsewhere", {});
    WRIT_ASSERT(again && again->text() == grant->text());
    (void)grant->covers(grant->kind, "a/b");
  }
  if (const auto deny = parse_deny(text, "/work")) {
    const auto again = parse_deny(deny->text(), "/elsewhere");
    WRIT_ASSERT(again && *again == *deny);
  }
  return 0;
}
