#include "writ/gate/ledger_record.h"

#include <fmt/format.h>

namespace writ::gate {

Result<LedgerRecord> parse_record(std::uint32_t index, BytesView value) {
  const auto bad = [&](std::string_view why) {
    return Error{Code::corrupt, fmt::format("the record of capability {} {}", index, why), {}, "run writ fsck"};
  };
  auto record = read_form<LedgerRecord>(as_text(value));
  if (!record) return bad("is malformed: " + record.error().text());
  if (record->fields.size() > effect::max_fields) return bad("has more fields than there are");
  if (record->generation == 0 || record->generation > UINT32_MAX) return bad("has no generation");
  if ((record->origin == authority::Origin::minted) != record->parent.empty()) return bad("has a parent that does not fit its origin");
  if (record->parent.empty()) return record;
  const auto parent = authority::parse_handle(record->parent);
  if (!parent || parent->index >= index) return bad("comes from a later one");
  return record;
}

}  // namespace writ::gate
