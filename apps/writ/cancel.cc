// `writ cancel TASK...`: asks the process that runs a task to end it, as a signal would.
#include "opening.h"
#include "writ/base/escape.h"

namespace writ::cli {
namespace {

Status cancel_one(const Invocation& i, runtime::Runtime& runtime, const std::string& name) {
  WRIT_TRY(const int asked, runtime.cancel(name));
  if (asked > 0) {
    i.output.note("asked task " + escape_for_terminal(name) + " to end; its receipt says how it ended");
    return exit_holds;
  }
  WRIT_TRY(const TaskId id, find_task(runtime, name));
  WRIT_TRY(const auto record, runtime.record(id));
  const std::string state(task::state_names[static_cast<std::size_t>(record.state)]);
  return Error{Code::invalid, "the task does not run any more: it is " + state, id.hex(),
               record.state == task::State::staged ? "writ discard " + id.brief() : "writ show " + id.brief()};
}

}  // namespace

Status cancel(Invocation& i) {
  WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::read));
  Document asked = Document::array();
  Status last = exit_holds;
  for (const std::string& name : i.arguments.operands) {
    Status status = cancel_one(i, *store.runtime, name);
    if (!status.failed()) {
      asked.push_back(json_text(name));
      continue;
    }
    if (last.failed()) i.output.note(escape_for_terminal(last.error().text()));
    last = std::move(status);
  }
  if (!i.output.text_wanted() && !last.failed()) i.output.document({{"schema", "writ.cancel/1"}, {"tasks", std::move(asked)}});
  return last;
}

}  // namespace writ::cli
