#include "writ/task/archive.h"

#include <algorithm>

namespace writ::task {
namespace {

constexpr std::string_view receipts = "task.receipt", journals = "task.journal";

Error not_found(std::string_view text) {
  return {Code::unavailable, "no such task", std::string(text), "writ tasks lists them"};
}

}  // namespace

Result<void> file(store::Transaction& t, const TaskId& id, const std::string& receipt, const std::vector<effect::Entry>& journal) {
  std::string lines;
  for (const auto& e : journal) lines += effect::encode(e) + "\n";
  WRIT_CHECK(t.put_record(receipts, id.bytes, as_bytes(receipt)));
  return t.put_record(journals, id.bytes, as_bytes(lines));
}

Result<std::optional<std::string>> find_receipt(const store::View& view, const TaskId& id) {
  WRIT_TRY(const auto bytes, view.record(receipts, id.bytes));
  if (!bytes) return std::optional<std::string>();
  return std::optional<std::string>(as_text(*bytes));
}

Result<std::vector<effect::Entry>> find_journal(const store::View& view, const TaskId& id) {
  WRIT_TRY(const auto bytes, view.record(journals, id.bytes));
  if (!bytes) return not_found(id.hex());
  std::vector<effect::Entry> entries;
  for (std::string_view rest = as_text(*bytes); !rest.empty();) {
    const auto end = rest.find('\n');
    WRIT_TRY(auto entry, effect::decode_entry(rest.substr(0, end)));
    entries.push_back(std::move(entry));
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  }
  return entries;
}

Result<void> visit_ids(const store::View& view, const TaskId& first, const TaskId& last,
                       const std::function<Result<store::Visit>(const TaskId&)>& visit) {
  Bytes end(last.bytes.begin(), last.bytes.end());
  end.push_back(std::byte{0});  // scan() is half open
  return view.scan(receipts, first.bytes, end, [&](BytesView key, BytesView) -> Result<store::Visit> {
    TaskId id;
    if (key.size() != id.bytes.size()) return Error{Code::corrupt, "a receipt has a malformed key", {}, "run writ fsck"};
    std::copy(key.begin(), key.end(), id.bytes.begin());
    return visit(id);
  });
}

}  // namespace writ::task
