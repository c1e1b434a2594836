#include "writ/task/selection.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "writ/task/archive.h"
#include "writ/task/index.h"
#include "writ/task/stage.h"

namespace writ::task {
namespace {

constexpr std::string_view names = "task.name";
constexpr std::size_t shortest_prefix = 4, longest_name = 64, id_digits = 32;
constexpr std::size_t most_listed = 8;  // of the tasks that a prefix could mean

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
  WRIT_CHECK(visit_own_tasks(view, [&](const TaskId& id) -> Result<store::Visit> {
    if (--nth != 0) return store::Visit::more;
    found = id;
    return store::Visit::enough;
  }));
  if (!found) return not_found(text);
  return *found;
}

Error ambiguous(std::string_view prefix, const std::vector<TaskId>& found) {
  std::string list;
  for (std::size_t i = 0; i < std::min(found.size(), most_listed); ++i) list += " " + found[i].hex();
  if (found.size() > most_listed) list += " and more";
  return invalid("more than one task begins with \"" + std::string(prefix) + "\":" + list, {}, "write more digits");
}

Result<TaskId> find_prefix(const store::View& view, std::string_view prefix) {
  // Ids are bytes: an odd digit widens the range by half a byte.
  std::string first(prefix), last(prefix);
  first.resize(id_digits, '0');
  last.resize(id_digits, 'f');
  std::vector<TaskId> found;
  const auto take = [&](const TaskId& id) -> Result<store::Visit> {
    found.push_back(id);
    return found.size() <= most_listed ? store::Visit::more : store::Visit::enough;
  };
  WRIT_CHECK(visit_ids(view, *TaskId::parse(first), *TaskId::parse(last), take));
  if (found.size() <= most_listed) WRIT_CHECK(visit_staged(view, *TaskId::parse(first), *TaskId::parse(last), take));
  if (found.empty()) return not_found(prefix);
  if (found.size() > 1) return ambiguous(prefix, found);
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

Result<void> take_name(store::Transaction& t, std::string_view name, const TaskId& id) {
  if (name.empty()) return {};
  WRIT_TRY(const auto taken, t.record(names, as_bytes(name)));
  if (taken) return Error{Code::conflict, "the name is taken by another task", "--id " + std::string(name), "a name is used once"};
  return t.put_record(names, as_bytes(name), id.bytes);
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

}  // namespace writ::task
