#include "writ/runtime/replay.h"

#include "writ/proof/verify/receipt.h"
#include "writ/runtime/summary.h"
#include "writ/task/replay.h"

namespace writ::runtime {
namespace {

Result<task::Told> told_of(const store::View& view, const TaskId& id, TaskRecord record) {
  return task::find_told(view, id, std::move(record.input), std::move(record.output), std::move(record.journal));
}

}  // namespace

Result<std::vector<std::string>> replay(const store::View& view, task::Executor& executor, const TaskId& id, task::Input input) {
  WRIT_TRY(auto record, record_of(view, id));
  WRIT_TRY(auto told, told_of(view, id, std::move(record)));
  WRIT_CHECK(task::check_replayable(told));
  WRIT_TRY(auto spec, task::retell(told));
  spec.seed = told.recipe.seed;
  spec.as_of = told.recipe.sequence;
  spec.engine = told.input.engine.name;
  WRIT_TRY(auto kept, task::kept_input(view, told));
  if (input) spec.input = std::move(input);
  else if (kept) spec.input = std::move(*kept);
  else if (told.input.input)
    return Error{Code::unsupported, "the task cannot be replayed: what it read from standard input was not kept", id.hex(),
                 "give it again with --input FILE; --keep-inputs of run keeps it"};
  if (told.kept && told.kept->complete) spec.kept = told.kept;
  const task::StillClock clock(told.input.started.real);
  WRIT_TRY(const auto again, executor.repeat(std::move(spec), clock, told.input));
  return task::compare(told, again);
}

Result<task::Spec> retell(const store::View& view, const TaskId& id) {
  WRIT_TRY(auto record, record_of(view, id));
  const std::string receipt = record.receipt;
  WRIT_TRY(const auto told, told_of(view, id, std::move(record)));
  WRIT_TRY(auto spec, task::retell(told));
  WRIT_TRY(auto kept, task::kept_input(view, told));
  if (kept) spec.input = std::move(*kept);
  if (receipt.empty()) return spec;  // a staged task has none that could be a parent
  WRIT_TRY(const auto parsed, proof::parse_receipt(receipt));
  spec.parents.push_back(sha256(parsed.envelope.payload).hex());
  return spec;
}

}  // namespace writ::runtime
