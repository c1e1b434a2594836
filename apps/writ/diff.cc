// `writ diff TASK`: what a task changed, or would change, and the digest that names it.
#include <fmt/format.h>

#include <array>

#include "opening.h"
#include "run_report.h"
#include "writ/base/escape.h"
#include "writ/base/quote.h"

namespace writ::cli {
namespace {

constexpr std::array<std::string_view, 3> what_names{"created", "changed", "removed"};
constexpr std::array<std::string_view, 4> kind_names{"object", "file", "folder", "link"};
std::string mode_text(std::uint32_t mode) { return mode == 0 ? "" : fmt::format("{:04o}", mode); }
std::string_view name(runtime::Change::What w) { return what_names[static_cast<std::size_t>(w)]; }

Document change_document(const runtime::Change& c) {
  Document d{{"path", json_text(c.path)},     {"change", name(c.what)},         {"before", c.before},
             {"after", c.after},              {"sha256_before", c.sha256_before}, {"sha256_after", c.sha256_after},
             {"text", c.text},                {"added", c.added},               {"removed", c.removed}};
  d["patch"] = json_text(c.patch);
  return d;
}

Document file_document(const runtime::Change& c) {
  Document d{{"path", json_text(c.path)},
             {"change", name(c.what)},
             {"kind", kind_names[static_cast<std::size_t>(c.of)]},
             {"mode_before", mode_text(c.mode_before)},
             {"mode_after", mode_text(c.mode_after)},
             {"target", json_text(c.target)},
             {"sha256_before", c.sha256_before},
             {"sha256_after", c.sha256_after},
             {"text", c.text},
             {"added", c.added},
             {"removed", c.removed}};
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
  if (d.state == task::State::committed && !(d.changes.empty() && d.files.empty())) return {"writ undo " + task};
  if (d.state == task::State::kept) return {"writ why " + task, "writ discard " + task};
  if (d.state != task::State::staged) return {"writ show " + task};
  std::string some;
  for (const auto& path : only) some += " --only " + quoted(path);
  return {"writ commit " + task + "@" + d.digest + some, "writ discard " + task};
}

std::string head_line(const TaskId& id, const runtime::Difference& d) {
  return "task " + id.hex() + " " + std::string(task::state_names[static_cast<std::size_t>(d.state)]) + ", digest " + d.digest;
}

// A file's name is one word that git reads back; an object's is for people.
std::string name_of(const runtime::Change& c) {
  if (c.of == runtime::Change::Of::object) return escape_for_terminal(c.path);
  return quote_as_git(c.path + (c.of == runtime::Change::Of::folder ? "/" : ""));
}

void print_statistics(Output& output, const runtime::Difference& d) {
  task::FilesChange files;
  std::uint64_t added = 0, removed = 0;
  for (const auto* changes : {&d.changes, &d.files})
    for (const auto& c : *changes) {
      const bool folder = c.of == runtime::Change::Of::folder;
      const std::string lines = folder ? "" : c.text ? fmt::format("+{} -{}", c.added, c.removed) : "binary";
      output.line(fmt::format("{:8} {:>14}  {}", name(c.what), lines, name_of(c)));
      (c.of == runtime::Change::Of::object ? added : files.added) += c.added;
      (c.of == runtime::Change::Of::object ? removed : files.removed) += c.removed;
      files.files += c.of == runtime::Change::Of::object || folder ? 0 : 1;
    }
  output.line(files_text(files) + fmt::format("{} object{}", d.changes.size(), d.changes.size() == 1 ? "" : "s") +
              (d.changes.empty() ? "" : fmt::format(" (+{} -{})", added, removed)));
}

void print_patches(Output& output, const runtime::Difference& d) {
  for (const auto& c : d.changes) output.bytes(c.patch);
  if (!d.files.empty()) output.line("# paths of files begin in " + quote_as_git(d.folder));
  for (const auto& c : d.files) output.bytes(c.patch);
}

}  // namespace

Status diff(Invocation& i) {
  const auto& operands = i.arguments.operands;
  const task::Paths only{{operands.begin() + 1, operands.end()}, i.surroundings.working_folder};
  if (i.arguments.has("--stat") && i.arguments.has("--name-only"))
    return {invalid("--stat and --name-only are two answers", "writ diff", "ask for one"), exit_usage};
  for (const auto& path : only.words)
    if (path.empty()) return {invalid("a path is empty", "writ diff", "writ diff TASK [-- PATH...]"), exit_usage};
  const bool counts = i.output.text_wanted() && (i.arguments.has("--stat") || i.arguments.has("--name-only"));
  WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::read));
  WRIT_TRY(const TaskId id, find_task(*store.runtime, operands[0]));
  WRIT_TRY(const auto difference, store->difference(id, only, counts ? runtime::Detail::counts : runtime::Detail::patches));
  const auto next = next_steps(id, difference, only.words);
  if (!i.output.text_wanted()) {
    Document d{{"schema", "writ.diff/1"},
               {"task", id.hex()},
               {"state", task::state_names[static_cast<std::size_t>(difference.state)]},
               {"digest", difference.digest}};
    d["objects"] = d["files"] = Document::array();
    for (const auto& c : difference.changes) d["objects"].push_back(change_document(c));
    for (const auto& c : difference.files) d["files"].push_back(file_document(c));
    d["folder"] = json_text(difference.folder);
    d["next"] = next;
    i.output.document(d);
    return exit_holds;
  }
  if (i.arguments.has("--name-only")) {
    for (const auto* changes : {&difference.changes, &difference.files})
      for (const auto& c : *changes) i.output.line(name_of(c));
  } else if (i.arguments.has("--stat")) {
    print_statistics(i.output, difference);
  } else {
    i.output.line(head_line(id, difference));
    print_patches(i.output, difference);
  }
  i.output.note("digest " + difference.digest + ". " + escape_for_terminal(fmt::format("{}", fmt::join(next, " | "))));
  return exit_holds;
}

}  // namespace writ::cli
