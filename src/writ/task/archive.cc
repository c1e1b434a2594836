#include "writ/task/archive.h"

#include <algorithm>

#include "writ/proof/shorthand.h"

namespace writ::task {
namespace {

constexpr std::string_view receipts = "task.receipt", journals = "task.journal";
constexpr std::size_t longest_inline_journal = 4096;  // a longer one is a record of its own: who reads receipts passes it by

void append(Bytes& out, BytesView more) { out.insert(out.end(), more.begin(), more.end()); }

Error not_found(std::string_view text) {
  return {Code::unavailable, "no such task", std::string(text), "writ tasks lists them"};
}

}  // namespace

Result<void> file(store::Transaction& t, const TaskId& id, const proof::KeptReceipt& receipt, const std::vector<effect::Entry>& journal) {
  std::string lines;
  for (const auto& e : journal) lines += effect::encode(e) + "\n";
  Bytes kept, shortened, record;
  WRIT_CHECK(proof::keep(t, id, receipt, kept));
  proof::ShorthandWriter(shortened, id).text(lines);
  proof::append_count(record, kept.size());
  append(record, kept);
  if (shortened.size() <= longest_inline_journal) append(record, shortened);
  else WRIT_CHECK(t.put_record(journals, id.bytes, shortened));
  return t.put_record(receipts, id.bytes, record);
}

namespace {

struct Record {
  Bytes bytes;
  BytesView receipt, journal;  // views of bytes; the journal is empty if it is a record of its own
};

Result<std::optional<Record>> find_record(const store::View& view, const TaskId& id) {
  WRIT_TRY(auto bytes, view.record(receipts, id.bytes));
  if (!bytes) return std::optional<Record>();
  Record record{std::move(*bytes), {}, {}};
  BytesView rest = record.bytes;
  WRIT_TRY(const std::uint64_t length, proof::take_count(rest));
  if (length > rest.size()) return Error{Code::corrupt, "a stored receipt is cut short", id.hex(), "run writ fsck"};
  record.receipt = rest.first(static_cast<std::size_t>(length));
  record.journal = rest.subspan(static_cast<std::size_t>(length));
  return std::optional(std::move(record));
}

}  // namespace

Result<std::optional<std::string>> find_receipt(const store::View& view, const TaskId& id) {
  WRIT_TRY(const auto record, find_record(view, id));
  if (!record) return std::optional<std::string>();
  BytesView kept = record->receipt;
  WRIT_TRY(const auto receipt, proof::take_kept(view, id, kept));
  if (!kept.empty()) return Error{Code::corrupt, "something follows a stored receipt", id.hex(), "run writ fsck"};
  WRIT_TRY(auto text, proof::rebuild(view, receipt));
  return std::optional(std::move(text));
}

Result<std::vector<effect::Entry>> find_journal(const store::View& view, const TaskId& id) {
  WRIT_TRY(const auto record, find_record(view, id));
  if (!record) return not_found(id.hex());
  BytesView shortened = record->journal;
  std::optional<Bytes> apart;
  if (shortened.empty()) {
    WRIT_TRY(apart, view.record(journals, id.bytes));
    if (!apart) return Error{Code::corrupt, "a task has no journal", id.hex(), "run writ fsck"};
    shortened = *apart;
  }
  std::string lines;
  proof::ShorthandReader reader(shortened, id);
  WRIT_CHECK(reader.text(lines));
  if (!reader.rest().empty()) return Error{Code::corrupt, "something follows a journal", id.hex(), "run writ fsck"};
  std::vector<effect::Entry> entries;
  for (std::string_view rest = lines; !rest.empty();) {
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
