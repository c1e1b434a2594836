// A record of the ledger has one text: what is read is written back as the same bytes, and names nothing that comes later.
#include <cstddef>
#include <cstdint>

#include "writ/base/assert.h"
#include "writ/gate/ledger_record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace writ;
  const BytesView bytes = std::as_bytes(std::span(data, size));
  constexpr std::uint32_t index = 7;
  const auto record = gate::parse_record(index, bytes);
  if (!record) {
    WRIT_ASSERT(record.error().code == Code::corrupt && !record.error().what.empty());
    return 0;
  }
  WRIT_ASSERT(write_form(*record) == as_text(bytes));
  WRIT_ASSERT(record->generation >= 1 && record->generation <= UINT32_MAX && record->fields.size() <= effect::max_fields);
  if (!record->parent.empty()) WRIT_ASSERT(authority::parse_handle(record->parent)->index < index);
  if (const auto grant = authority::recorded_grant(record->grant)) {
    const auto again = authority::recorded_grant(grant->text());
    WRIT_ASSERT(again && *again == *grant);
  }
  return 0;
}
