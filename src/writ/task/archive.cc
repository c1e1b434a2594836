#include "writ/task/archive.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace writ::task {
namespace {

constexpr std::string_view receipts = "task.receipt", journals = "task.journal", order = "task.order", names = "task.name";
constexpr std::size_t shortest_prefix = 4, longest_name = 64, id_digits = 32;

Bytes order_key(WallTime at) {
  Bytes key;
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(at.ns) >> shift));
  return key;
}

Error not_found(std::string_view text) {
  return {Code::unavailable, "no such task", std::string(text), "writ tasks lists them"};
}

bool is_hex(std::string_view s) { return s.find_first_not_of("0123456789abcdef") == s.npos; }

Result<TaskId> find_recent(const store::View& view, std::string_view text) {
  std::uint64_t nth = 1;
  const auto number = text.substr(1);
  if (!number.empty()) {
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), nth);
    if (error != std::errc() || end != number.data() + number.size() || nth == 0)
      return invalid("not a task: \"" + std::string(text) + "\"", {}, "write @ for the last task, @2 for the one before");
  }
  std::optional<TaskId> found;
  WRIT_CHECK(visit_tasks(view, std::nullopt, std::nullopt, [&](const TaskId& id) -> Result<store::Visit> {
    if (--nth != 0) return store::Visit::more;
    found = id;
    return store::Visit::enough;
  }));
  if (!found) return not_found(text);
  return *found;
}

Result<TaskId> find_prefix(const store::View& view, std::string_view prefix) {
  // Ids are bytes: an odd digit widens the range by half a byte.
  std::string first(prefix), last(prefix);
  first.resize(id_digits, '0');
  last.resize(id_digits, 'f');
  const auto from = TaskId::parse(first), to = TaskId::parse(last);
  std::vector<TaskId> found;
  Bytes end(to->bytes.begin(), to->bytes.end());
  end.push_back(std::byte{0});  // the range of scan() is half open
  WRIT_CHECK(view.scan(receipts, from->bytes, end, [&](BytesView key, BytesView) -> Result<store::Visit> {
    TaskId id;
    if (key.size() != id.bytes.size()) return Error{Code::corrupt, "a receipt has a malformed key", {}, "run writ fsck"};
    std::copy(key.begin(), key.end(), id.bytes.begin());
    found.push_back(id);
    return found.size() < 2 ? store::Visit::more : store::Visit::enough;
  }));
  if (found.empty()) return not_found(prefix);
  if (found.size() > 1) return invalid("more than one task begins with \"" + std::string(prefix) + "\"", {}, "write more digits");
  return found[0];
}

}  // namespace

Result<void> check_name(std::string_view name) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (name.empty() || name.size() > longest_name || name.find_first_not_of(plain) != name.npos)
    return invalid("a task's name may not be \"" + std::string(name) + "\"", "--id", "use 1 to 64 letters, digits, '.', '_' and '-'");
  if (name.size() >= shortest_prefix && name.size() <= id_digits && is_hex(name))
    return invalid("the name \"" + std::string(name) + "\" looks like a task's id", "--id", "use a letter beyond f");
  return {};
}

Result<void> file(store::Transaction& t, const Filed& filed, const std::vector<effect::Entry>& journal) {
  if (!filed.name.empty()) {
    WRIT_TRY(const auto taken, t.record(names, as_bytes(filed.name)));
    if (taken) return Error{Code::conflict, "the name is taken by another task", "--id " + filed.name, "a name is used once"};
    WRIT_CHECK(t.put_record(names, as_bytes(filed.name), filed.id.bytes));
  }
  std::string lines;
  for (const auto& e : journal) lines += effect::encode(e) + "\n";
  Bytes key = order_key(filed.started);
  key.insert(key.end(), filed.id.bytes.begin(), filed.id.bytes.end());
  WRIT_CHECK(t.put_record(receipts, filed.id.bytes, as_bytes(filed.receipt)));
  WRIT_CHECK(t.put_record(journals, filed.id.bytes, as_bytes(lines)));
  return t.put_record(order, key, {});
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

Result<TaskId> find_task(const store::View& view, std::string_view text) {
  if (text.starts_with('@')) return find_recent(view, text);
  if (is_hex(text) && text.size() >= shortest_prefix && text.size() <= id_digits) return find_prefix(view, text);
  WRIT_TRY(const auto named, view.record(names, as_bytes(text.substr(0, longest_name))));
  TaskId id;
  if (named && text.size() <= longest_name && named->size() == id.bytes.size()) {
    std::copy(named->begin(), named->end(), id.bytes.begin());
    return id;
  }
  if (is_hex(text) && text.size() < shortest_prefix)
    return invalid("too short a prefix \"" + std::string(text) + "\"", {}, "write four digits or more");
  return not_found(text);
}

Result<void> visit_tasks(const store::View& view, std::optional<WallTime> since, std::optional<WallTime> until,
                         const std::function<Result<store::Visit>(const TaskId&)>& visit) {
  const Bytes first = since ? order_key(*since) : Bytes(), last = until ? order_key(*until) : Bytes();
  return view.scan(order, first, last, [&](BytesView key, BytesView) -> Result<store::Visit> {
    TaskId id;
    if (key.size() != 8 + id.bytes.size()) return Error{Code::corrupt, "the order of tasks has a malformed key", {}, "run writ fsck"};
    std::copy(key.begin() + 8, key.end(), id.bytes.begin());
    return visit(id);
  }, store::Order::backward);
}

}  // namespace writ::task
