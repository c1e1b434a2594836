#include "writ/runtime/summary.h"

#include <algorithm>

#include "writ/task/archive.h"

namespace writ::runtime {
namespace {

// The path itself, or something below it if it ends in a slash.
bool touches(std::string_view resource, std::string_view wanted) {
  return resource == wanted || (wanted.ends_with('/') && resource.starts_with(wanted));
}

Result<bool> touched(const store::View& view, const TaskId& id, const std::string& wanted) {
  WRIT_TRY(const auto journal, task::find_journal(view, id));
  return std::ranges::any_of(journal, [&](const effect::Entry& e) { return touches(e.resource, wanted); });
}

}  // namespace

Result<TaskSummary> summarise(std::string_view text) {
  WRIT_TRY(const auto receipt, proof::parse_receipt(text));
  WRIT_TRY(const auto log, proof::parse_log_proof(receipt.proof));
  const auto &in = receipt.input;
  const auto &out = receipt.output;
  TaskSummary s;
  s.id = in.task;
  s.name = in.name;
  s.code_name = in.code.name;
  s.labels = in.labels;
  s.outcome = out.outcome.end;
  s.exit_code = static_cast<int>(out.outcome.exit);
  s.committed = out.settlement == proof::Settlement::committed;
  s.started = rfc3339(in.started.real);
  s.finished = rfc3339(out.finished.real);
  s.effects = out.effects.count;
  s.denied = out.effects.denied;
  s.objects = out.writes.size();
  s.log_index = log.index;
  return s;
}

Result<std::vector<TaskSummary>> list_tasks(const store::View& view, const TaskFilter& filter) {
  std::vector<TaskSummary> found;
  if (filter.limit == 0) return found;
  WRIT_CHECK(task::visit_tasks(view, filter.since, filter.until, [&](const TaskId& id) -> Result<store::Visit> {
    WRIT_TRY(const auto receipt, task::find_receipt(view, id));
    if (!receipt) return Error{Code::corrupt, "the receipt is missing", id.hex(), "run writ audit"};
    WRIT_TRY(auto s, summarise(*receipt));
    if (!filter.outcome.empty() && s.outcome != filter.outcome) return store::Visit::more;
    if (filter.denials == TaskFilter::Denials::some && s.denied == 0) return store::Visit::more;
    if (!filter.touched.empty()) {
      WRIT_TRY(const bool hit, touched(view, id, filter.touched));
      if (!hit) return store::Visit::more;
    }
    found.push_back(std::move(s));
    return found.size() < filter.limit ? store::Visit::more : store::Visit::enough;
  }));
  return found;
}

}  // namespace writ::runtime
