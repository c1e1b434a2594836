// `writ undo TASK`: puts back what a task changed, as a task of its own.
#include "opening.h"
#include "run_report.h"
#include "writ/base/escape.h"
#include "writ/base/quote.h"

namespace writ::cli {
namespace {

Status print_plan(Output& output, const TaskId& id, const std::vector<runtime::Restoration>& plan) {
  const auto is_object = [](const runtime::Restoration& r) { return r.of == runtime::Change::Of::object; };
  if (!output.text_wanted()) {
    Document objects = Document::array(), files = Document::array();
    for (const auto& r : plan)
      if (is_object(r)) objects.push_back({{"path", json_text(r.path)}, {"from", r.from}, {"to", r.to}, {"removed", r.removed}});
      else files.push_back({{"path", json_text(r.path)}, {"removed", r.removed}});
    output.document({{"schema", "writ.undo-plan/1"}, {"task", id.hex()}, {"objects", std::move(objects)}, {"files", std::move(files)}});
    return exit_holds;
  }
  for (const auto& r : plan) {
    const std::string end = r.of == runtime::Change::Of::folder ? "/" : "";
    const std::string name = is_object(r) ? escape_for_terminal(r.path) : quote_as_git(r.path + end);
    const std::string version = is_object(r) ? " version " + std::to_string(r.to) : "";
    output.line("would " + (r.removed ? "remove " + name : "put back " + name + version));
  }
  return exit_holds;
}

}  // namespace

Status undo(Invocation& i) {
  const auto& operands = i.arguments.operands;
  const task::Paths only{{operands.begin() + 1, operands.end()}, i.surroundings.working_folder};
  for (const auto& path : only.words)
    if (path.empty()) return {invalid("a path is empty", "writ undo", "writ undo TASK [-- PATH...]"), exit_usage};
  const auto manner = parse_manner(i.arguments.value("--commit-by"));
  if (!manner) return {manner.error(), exit_usage};
  const bool dry = i.arguments.has("--dry-run");
  WRIT_TRY(const OpenedStore store, open_store(i, dry ? runtime::Access::read : runtime::Access::write));
  WRIT_TRY(const TaskId id, find_task(*store.runtime, operands[0]));
  if (dry) {
    WRIT_TRY(const auto plan, store->plan_undo(id, only));
    return print_plan(i.output, id, plan);
  }
  WRIT_TRY(const auto report, store->undo(id, only, *manner));
  return tell_report(i.output, report);
}

}  // namespace writ::cli
