#include "writ/runtime/undo.h"

#include <algorithm>

#include "writ/base/escape.h"
#include "writ/proof/verify/receipt.h"
#include "writ/runtime/summary.h"
#include "writ/task/settlement.h"

namespace writ::runtime {
namespace {

constexpr std::size_t most_named = 8;  // of what somebody changed since

Result<void> check_undoable(const TaskId& id, const TaskRecord& record) {
  if (record.state == task::State::staged)
    return invalid("the task is staged: it changed nothing yet", id.hex(), "writ discard " + id.brief() + " gives it up");
  if (record.state != task::State::committed) return invalid("the task was discarded: there is nothing to undo", id.hex());
  if (record.output.writes.empty()) return invalid("the task changed nothing: there is nothing to undo", id.hex());
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

Result<std::vector<proof::Write>> choose(const std::vector<proof::Write>& writes, const std::vector<std::string>& only) {
  gate::ChangeSet all;
  for (const auto& w : writes) all.writes.push_back({w.object, std::nullopt, {}});
  WRIT_TRY(const auto chosen, task::choose(all, only));
  std::vector<proof::Write> meant;
  std::size_t next = 0;  // of the chosen, which are in the order of the writes
  for (const auto& w : writes)
    if (next < chosen.writes.size() && chosen.writes[next].path == w.object) meant.push_back(w), ++next;
  return meant;
}

}  // namespace

Result<UndoPlan> plan_undo(const store::View& view, const TaskId& id, const std::vector<std::string>& only) {
  WRIT_TRY(const auto record, record_of(view, id));
  WRIT_CHECK(check_undoable(id, record));
  WRIT_TRY(const auto receipt, proof::parse_receipt(record.receipt));
  UndoPlan plan;
  plan.parent = sha256(receipt.envelope.payload);
  plan.as_of = view.sequence();
  WRIT_TRY(const auto writes, choose(record.output.writes, only));
  std::vector<std::string> changed;
  for (const auto& w : writes) {
    WRIT_TRY(const auto now, view.version(w.object));
    if (now != w.after) changed.push_back(w.object);
    if (!changed.empty()) continue;
    WRIT_TRY(auto body, before(view, w));
    if (!body && !w.digest) continue;  // it was not there, and is not there
    plan.restorations.push_back({w.object, w.before.value(), w.after.value(), !body});
    plan.writes.push_back({w.object, std::move(body)});
  }
  if (!changed.empty()) return changed_since(id, changed);
  return plan;
}

}  // namespace writ::runtime
