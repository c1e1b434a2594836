// `writ commit TASK[@DIGEST]` and `writ discard TASK...`: what becomes of staged tasks.
#include "opening.h"
#include "policy_commands.h"
#include "run_report.h"
#include "writ/base/escape.h"

namespace writ::cli {
namespace {

// "4f2a@DIGEST" as two; `@` and `@2` are tasks.
std::pair<std::string, std::string> split_digest(const std::string& word) {
  const auto at = word.rfind('@');
  if (at == std::string::npos || at == 0) return {word, {}};
  return {word.substr(0, at), word.substr(at + 1)};
}

}  // namespace

Status commit(Invocation& i) {
  const std::string& word = i.arguments.operands[0];
  const auto [name, digest] = split_digest(word);
  if (digest.empty() && word.size() > 1 && word.ends_with('@'))
    return {invalid("a digest is missing after the @", escape_for_terminal(word), "TASK@DIGEST, as writ diff shows it"), exit_usage};
  task::Choice choice;
  choice.digest = digest;
  const auto only = i.arguments.values("--only");
  choice.only = {{only.begin(), only.end()}, i.surroundings.working_folder};
  for (const auto& path : choice.only.words)
    if (path.empty()) return {invalid("the value is empty", "--only", "--only PATH"), exit_usage};
  const auto manner = parse_manner(i.arguments.value("--commit-by"));
  if (!manner) return {manner.error(), exit_usage};
  choice.commit_by = *manner;
  if (Status s = read_policies_of(i, choice.policy); s.failed()) return s;
  WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::write));
  WRIT_TRY(const TaskId id, find_task(*store.runtime, name));
  WRIT_TRY(const auto report, store->commit(id, choice));
  return tell_report(i.output, report);
}

// Each for itself: one that cannot be given up does not save the others.
Status discard(Invocation& i) {
  WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::write));
  Document done = Document::array();
  Status last = exit_holds;
  for (const std::string& name : i.arguments.operands) {
    const auto give_up = [&]() -> Result<task::Report> {
      WRIT_TRY(const TaskId id, find_task(*store.runtime, name));
      return store->discard(id);
    };
    const auto report = give_up();
    if (!report) {
      if (last.failed()) i.output.note(escape_for_terminal(last.error().text()));
      last = report.error();
      continue;
    }
    i.output.note(last_line(*report));
    done.push_back({{"task", report->id.hex()}, {"name", json_text(report->name)}, {"receipt", json_text(report->receipt)}});
  }
  if (!i.output.text_wanted() && !last.failed()) i.output.document({{"schema", "writ.discard/1"}, {"tasks", std::move(done)}});
  return last;
}

}  // namespace writ::cli
