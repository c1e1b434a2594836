// `writ why TASK`: how it ended if not well, who refused what, and the smallest grant that would let it pass.
#include "opening.h"
#include "run_report.h"
#include "terminal.h"
#include "writ/base/escape.h"
#include "writ/proof/verify/receipt.h"

#include <unistd.h>

namespace writ::cli {
namespace {

void print(Output& output, const Document& denial) {
  const auto text = [&](const char* member) { return escape_for_terminal(denial[member].get<std::string>()); };
  const auto times = denial["count"].get<std::uint64_t>();
  output.line(emphasised(text("effect") + (text("resource").empty() ? "" : " " + text("resource")), STDOUT_FILENO) +
              (times > 1 ? " (" + std::to_string(times) + " times)" : ""));
  output.line("  denied by: " + text("by"));
  output.line("  reason:    " + text("reason"));
  if (denial["sensitive"].get<bool>())
    output.line("  sensitive: no grant is proposed for this");
  else if (!text("grant_shell").empty())
    output.line("  to allow:  " + text("grant_shell"));
}

// Why a task that did not end by itself was stopped, or did not become visible as it ended, in the words of its receipt.
std::string stopped(const proof::Outcome& outcome) {
  if (outcome.reason.empty()) return {};
  if (outcome.success()) return escape_for_terminal(outcome.reason);
  const std::string where = outcome.function.empty() ? "" : " in " + escape_for_terminal(outcome.function);
  return "stopped: " + escape_for_terminal(outcome.reason) + where;
}

}  // namespace

Status why(Invocation& i) {
  WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::read));
  WRIT_TRY(const TaskId id, find_task(*store.runtime, i.arguments.operands[0]));
  WRIT_TRY(const auto journal, store->journal(id));
  const Denials denials = denials_of(journal, static_cast<std::size_t>(-1));
  if (!i.output.text_wanted()) {
    i.output.document({{"schema", "writ.why/1"}, {"task", id.hex()}, {"denials", denials.told}});
    return exit_holds;
  }
  WRIT_TRY(const auto record, store->record(id));
  if (const std::string end = stopped(record.output.outcome); !end.empty()) i.output.line(end);
  if (denials.told.empty()) i.output.line("nothing was denied to task " + id.brief());
  for (const Document& d : denials.told) print(i.output, d);
  const auto& outcome = record.output.outcome;
  if (record.input.fence == "process" && outcome.end == "completed" && !outcome.success())
    i.output.line("what it may not see is not there for a process, which is no denial: `writ learn -- COMMAND` lists what it looked for");
  return exit_holds;
}

}  // namespace writ::cli
