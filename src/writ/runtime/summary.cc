#include "writ/runtime/summary.h"

#include <algorithm>

#include "writ/task/archive.h"
#include "writ/task/files_settlement.h"
#include "writ/task/stage.h"

namespace writ::runtime {
namespace {

TaskSummary summarise(const proof::InputManifest& in, const proof::OutputManifest& out) {
  TaskSummary s;
  s.id = in.task;
  s.name = in.name;
  s.code_name = in.code.name;
  s.labels = in.labels;
  s.outcome = out.outcome.end;
  s.exit_code = static_cast<int>(out.outcome.exit);
  s.started = rfc3339(in.started.real);
  s.finished = rfc3339(out.finished.real);
  s.effects = out.effects.count;
  s.denied = out.effects.denied;
  s.objects = out.writes.size();
  s.files = static_cast<std::uint64_t>(std::ranges::count_if(out.files, [](const auto& f) { return f.kind != proof::FileKind::folder; }));
  return s;
}

}  // namespace

Result<TaskSummary> summarise(std::string_view text) {
  WRIT_TRY(const auto receipt, proof::parse_receipt(text));
  WRIT_TRY(const auto log, proof::parse_log_proof(receipt.proof));
  auto s = summarise(receipt.input, receipt.output);
  s.state = receipt.output.settlement == proof::Settlement::committed ? task::State::committed : task::State::discarded;
  s.log_index = log.index;
  return s;
}

Result<TaskSummary> summarise(const store::View& view, const TaskId& id) {
  WRIT_TRY(const auto receipt, task::find_receipt(view, id));
  if (receipt) return summarise(*receipt);
  WRIT_TRY(const auto staged, task::find_staged(view, id, task::Bodies::leave));
  if (!staged) return Error{Code::corrupt, "the receipt is missing", id.hex(), "run writ audit"};
  auto s = summarise(staged->input, staged->output);
  s.state = staged->state;
  s.objects = staged->changes.writes.size();
  s.files = workspace::totals(staged->files).files;
  return s;
}

Result<std::string> receipt_of(const store::View& view, const TaskId& id) {
  WRIT_TRY(auto text, task::find_receipt(view, id));
  if (text) return std::move(*text);
  WRIT_TRY(const bool staged, task::is_staged(view, id));
  if (staged)
    return Error{Code::unavailable, "the task is staged: its receipt is made when it is committed or discarded", id.hex(),
                 "writ diff " + id.brief() + ", then writ commit or writ discard"};
  return Error{Code::unavailable, "no such task", id.hex(), "writ tasks lists them"};
}

Result<TaskRecord> record_of(const store::View& view, const TaskId& id) {
  TaskRecord record;
  WRIT_TRY(auto staged, task::find_staged(view, id, task::Bodies::leave));
  if (staged) {
    record.state = staged->state;
    staged->output.files = task::file_writes(staged->files);
    for (const auto& w : staged->changes.writes)
      staged->output.writes.push_back(
          {ObjectVersion(), staged->changes.read_set.at(w.path), w.body ? std::optional(w.digest) : std::nullopt, w.path});
    record.input = std::move(staged->input);
    record.output = std::move(staged->output);
    record.journal = std::move(staged->journal);
    return record;
  }
  WRIT_TRY(record.receipt, receipt_of(view, id));
  WRIT_TRY(auto receipt, proof::parse_receipt(record.receipt));
  record.input = std::move(receipt.input);
  record.output = std::move(receipt.output);
  const bool committed = record.output.settlement == proof::Settlement::committed;
  record.state = committed ? task::State::committed : task::State::discarded;
  WRIT_TRY(record.journal, task::find_journal(view, id));
  return record;
}

Result<std::vector<effect::Entry>> journal_of(const store::View& view, const TaskId& id) {
  WRIT_TRY(auto staged, task::find_staged(view, id, task::Bodies::leave));
  return staged ? Result<std::vector<effect::Entry>>(std::move(staged->journal)) : task::find_journal(view, id);
}

Result<std::vector<TaskSummary>> list_tasks(const store::View& view, const TaskFilter& filter) {
  std::vector<TaskSummary> found;
  if (filter.limit == 0) return found;
  const auto journal = [&](const TaskId& id) { return journal_of(view, id); };
  WRIT_CHECK(task::visit_tasks(view, filter.wanted, journal, [&](const TaskId& id) -> Result<store::Visit> {
    WRIT_TRY(auto s, summarise(view, id));
    found.push_back(std::move(s));
    return found.size() < filter.limit ? store::Visit::more : store::Visit::enough;
  }));
  return found;
}

}  // namespace writ::runtime
