// `writ undo TASK`: puts back what a task changed, as a task of its own.
#include "opening.h"
#include "run_report.h"
#include "writ/base/escape.h"

namespace writ::cli {
namespace {

Status print_plan(Output& output, const TaskId& id, const std::vector<runtime::Restoration>& plan) {
  if (!output.text_wanted()) {
    Document objects = Document::array();
    for (const auto& r : plan)
      objects.push_back({{"path", json_text(r.path)}, {"from", r.from}, {"to", r.to}, {"removed", r.removed}});
    output.document({{"schema", "writ.undo-plan/1"}, {"task", id.hex()}, {"objects", std::move(objects)}});
    return exit_holds;
  }
  for (const auto& r : plan)
    output.line("would " + (r.removed ? "remove " + escape_for_terminal(r.path)
                                      : "put back " + escape_for_terminal(r.path) + " version " + std::to_string(r.to)));
  return exit_holds;
}

}  // namespace

Status undo(Invocation& i) {
  const auto& operands = i.arguments.operands;
  const std::vector<std::string> only(operands.begin() + 1, operands.end());
  const bool dry = i.arguments.has("--dry-run");
  WRIT_TRY(const OpenedStore store, open_store(i, dry ? runtime::Access::read : runtime::Access::write));
  WRIT_TRY(const TaskId id, find_task(*store.runtime, operands[0]));
  if (dry) {
    WRIT_TRY(const auto plan, store->plan_undo(id, only));
    return print_plan(i.output, id, plan);
  }
  WRIT_TRY(const auto report, store->undo(id, only));
  return tell_report(i.output, report);
}

}  // namespace writ::cli
