#include "writ/runtime/undo.h"

#include <algorithm>

#include "writ/base/escape.h"
#include "writ/proof/verify/receipt.h"
#include "writ/runtime/file_difference.h"
#include "writ/runtime/summary.h"
#include "writ/task/settlement.h"
#include "writ/workspace/undo.h"

namespace writ::runtime {
namespace {

using workspace::most_named;

Result<void> check_undoable(const TaskId& id, const TaskRecord& record) {
  if (record.state == task::State::staged || record.state == task::State::kept)
    return invalid("the task is " + std::string(task::state_names[static_cast<std::size_t>(record.state)]) + ": it changed nothing yet",
                   id.hex(), "writ discard " + id.brief() + " gives it up");
  if (record.state != task::State::committed) return invalid("the task was discarded: there is nothing to undo", id.hex());
  if (record.output.writes.empty() && record.output.files.empty())
    return invalid("the task changed nothing: there is nothing to undo", id.hex());
  return {};
}

Error changed_since(const TaskId& id, const std::vector<std::string>& paths) {
  std::string list;
  for (std::size_t i = 0; i < std::min(paths.size(), most_named); ++i) list += (i == 0 ? "" : ", ") + escape_for_terminal(paths[i]);
  if (paths.size() > most_named) list += " and " + std::to_string(paths.size() - most_named) + " more";
  return {Code::conflict, "changed since the task: " + list, id.hex(), "undo what came after it first, or name other paths: writ undo " +
                                                                           id.brief() + " -- PATH..."};
}

// What lay there before: the bytes, or nothing.
Result<std::optional<std::string>> before(const store::View& view, const proof::Write& w) {
  WRIT_TRY(const auto body, store::body_if_there(view, w.object, w.before));
  return body ? std::optional(std::string(as_text(*body))) : std::nullopt;
}

// Those of the writes that were chosen, which are in the same order.
std::vector<proof::Write> meant(const std::vector<proof::Write>& writes, const gate::ChangeSet& chosen) {
  std::vector<proof::Write> found;
  std::size_t next = 0;
  for (const auto& w : writes)
    if (next < chosen.writes.size() && chosen.writes[next].path == w.object) found.push_back(w), ++next;
  return found;
}

// Files that lie there as the task left them become what they were.
Result<void> plan_files(UndoPlan& plan, const store::View& view, const workspace::Places& places, const workspace::Changes& chosen,
                        workspace::Files& files) {
  if (chosen.empty()) return {};
  WRIT_TRY(const auto kept, kept_changes(view, plan.task));
  if (!kept)
    return Error{Code::unavailable, "what its files replaced is no longer kept", plan.task.hex(), "copies are kept for 7 days"};
  WRIT_TRY(plan.files, workspace::reverse(files, places, plan.task, chosen));
  for (const auto& tree : plan.files.trees)
    for (const auto& c : tree.changes) {
      plan.restorations.push_back({kind_of(c), workspace::absolute(tree, c.path), 0, 0, c.happened == workspace::Happened::removed});
    }
  return {};
}

}  // namespace

Result<UndoPlan> plan_undo(const store::View& view, const workspace::Places& places, const TaskId& id, const task::Paths& only,
                           workspace::Files& files) {
  WRIT_TRY(const auto record, record_of(view, id));
  WRIT_CHECK(check_undoable(id, record));
  WRIT_TRY(const auto receipt, proof::parse_receipt(record.receipt));
  UndoPlan plan;
  plan.task = id;
  plan.parent = sha256(receipt.envelope.payload);
  plan.as_of = view.sequence();
  gate::ChangeSet all;
  for (const auto& w : record.output.writes) all.writes.push_back({w.object, std::nullopt, {}});
  WRIT_TRY(const auto done, files_of(view, id, record.output));
  WRIT_TRY(const auto chosen, task::choose(all, done, only, workspace::Purpose::undo));
  std::vector<std::string> changed;
  for (const auto& w : meant(record.output.writes, chosen.objects)) {
    WRIT_TRY(const auto now, view.version(w.object));
    if (now != w.after) changed.push_back(w.object);
    if (!changed.empty()) continue;
    WRIT_TRY(auto body, before(view, w));
    if (!body && !w.digest) continue;  // it was not there, and is not there
    plan.restorations.push_back({Change::Of::object, w.object, w.before.value(), w.after.value(), !body});
    plan.writes.push_back({w.object, std::move(body)});
  }
  if (!changed.empty()) return changed_since(id, changed);
  WRIT_CHECK(plan_files(plan, view, places, chosen.files, files));
  return plan;
}

Result<UndoTask> task_of(UndoPlan plan, const workspace::Places& places) {
  UndoTask made{OperatorEngine("undo " + plan.task.hex(), std::move(plan.writes), plan.files), {}};
  WRIT_TRY(made.spec, made.engine.spec());
  made.spec.parents.push_back(plan.parent.hex());
  made.spec.as_of = plan.as_of;
  if (!plan.files.empty()) made.spec.files.emplace(std::move(plan.files), places.undo(plan.task));
  return made;
}

}  // namespace writ::runtime
