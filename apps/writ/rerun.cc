// `writ rerun TASK`: the same code, input and limits again, as a new task whose parent is the first.
#include "opening.h"
#include "run_task.h"

namespace writ::cli {

Status rerun(Invocation& i) {
  RunRequest request;
  request.input = "none";
  {
    WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::read));
    WRIT_TRY(const TaskId id, find_task(*store.runtime, i.arguments.operands[0]));
    WRIT_TRY(request.spec, store->retell(id));
    WRIT_TRY(const auto record, store->record(id));
    if (record.input.policy && !i.arguments.has("--policy"))
      return Error{Code::denied, "the task was under a policy, and without it the same grants would allow more", id.hex(),
                   "give it again with --policy FILE"};
    if (record.input.input && !request.spec.input && !i.arguments.has("--input"))
      return Error{Code::unavailable, "what the task read from standard input was not kept", id.hex(),
                   "give it again with --input FILE, or --input none; --keep-inputs of run keeps it"};
  }
  if (i.arguments.has("--input")) request.spec.input = {};
  if (Status s = read_rerun_request(i, request); s.failed()) return s;
  lock_before(request.spec);
  return run_task(i, request);
}

}  // namespace writ::cli
