// No text crashes the verifier, none that it accepts has a second spelling, and none verifies without a trusted key.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "writ/base/assert.h"
#include "writ/proof/verify/report.h"
#include "writ/wire/canonical.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace writ::proof;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto receipt = parse_receipt(text)) {
    WRIT_ASSERT(format_receipt(*receipt) == text);
    WRIT_ASSERT(text_of(receipt->input) == receipt->input_text && text_of(receipt->output) == receipt->output_text);
    WRIT_ASSERT(writ::parse_canonical(text));
  }
  const Verification v = verify_receipt(text, {});
  WRIT_ASSERT(v.verdict != Verdict::verified && v.verdict != Verdict::intact);
  writ::canonical_json(report_json("fuzz", v));
  return 0;
}
