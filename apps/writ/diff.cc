// `writ diff TASK`: what a task changed, or would change, and the digest that names it.
#include <fmt/format.h>

#include <array>

#include "opening.h"
#include "writ/base/escape.h"

namespace writ::cli {
namespace {

constexpr std::array<std::string_view, 3> what_names{"created", "changed", "removed"};
std::string_view name(runtime::Change::What w) { return what_names[static_cast<std::size_t>(w)]; }

Document change_document(const runtime::Change& c) {
  Document d{{"path", json_text(c.path)},     {"change", name(c.what)},         {"before", c.before},
             {"after", c.after},              {"sha256_before", c.sha256_before}, {"sha256_after", c.sha256_after},
             {"text", c.text},                {"added", c.added},               {"removed", c.removed}};
  d["patch"] = json_text(c.patch);
  return d;
}

// As a shell takes it, whatever it is.
std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::vector<std::string> next_steps(const TaskId& id, const runtime::Difference& d, const std::vector<std::string>& only) {
  const std::string task = id.brief();
  if (d.state == task::State::committed && !d.changes.empty()) return {"writ undo " + task};
  if (d.state != task::State::staged) return {"writ show " + task};
  std::string some;
  for (const auto& path : only) some += " --only " + quoted(path);
  return {"writ commit " + task + "@" + d.digest + some, "writ discard " + task};
}

std::string head_line(const TaskId& id, const runtime::Difference& d) {
  return "task " + id.hex() + " " + std::string(task::state_names[static_cast<std::size_t>(d.state)]) + ", digest " + d.digest;
}

void print_statistics(Output& output, const runtime::Difference& d) {
  std::uint64_t added = 0, removed = 0;
  for (const auto& c : d.changes) {
    const std::string lines = c.text ? fmt::format("+{} -{}", c.added, c.removed) : "binary";
    output.line(fmt::format("{:8} {:>14}  {}", name(c.what), lines, escape_for_terminal(c.path)));
    added += c.added;
    removed += c.removed;
  }
  output.line(fmt::format("{} object{}, +{} -{}", d.changes.size(), d.changes.size() == 1 ? "" : "s", added, removed));
}

}  // namespace

Status diff(Invocation& i) {
  const auto& operands = i.arguments.operands;
  const std::vector<std::string> only(operands.begin() + 1, operands.end());
  if (i.arguments.has("--stat") && i.arguments.has("--name-only"))
    return {invalid("--stat and --name-only are two answers", "writ diff", "ask for one"), exit_usage};
  WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::read));
  WRIT_TRY(const TaskId id, find_task(*store.runtime, operands[0]));
  WRIT_TRY(const auto difference, store->difference(id, only));
  const auto next = next_steps(id, difference, only);
  if (!i.output.text_wanted()) {
    Document d{{"schema", "writ.diff/1"},
               {"task", id.hex()},
               {"state", task::state_names[static_cast<std::size_t>(difference.state)]},
               {"digest", difference.digest}};
    d["objects"] = Document::array();
    for (const auto& c : difference.changes) d["objects"].push_back(change_document(c));
    d["next"] = next;
    i.output.document(d);
    return exit_holds;
  }
  if (i.arguments.has("--name-only")) {
    for (const auto& c : difference.changes) i.output.line(escape_for_terminal(c.path));
  } else if (i.arguments.has("--stat")) {
    print_statistics(i.output, difference);
  } else {
    i.output.line(head_line(id, difference));
    for (const auto& c : difference.changes) i.output.bytes(c.patch);
  }
  i.output.note("digest " + difference.digest + ". " + escape_for_terminal(fmt::format("{}", fmt::join(next, " | "))));
  return exit_holds;
}

}  // namespace writ::cli
