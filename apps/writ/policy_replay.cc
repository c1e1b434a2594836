// `writ policy replay --against FILE [TASK...]`: what past tasks would have been refused, or allowed, under that policy.
#include <unistd.h>

#include "opening.h"
#include "policy_commands.h"
#include "terminal.h"
#include "writ/base/escape.h"
#include "writ/runtime/policy_hindsight.h"

namespace writ::cli {
namespace {

constexpr std::size_t usual_tasks = 50;
constexpr std::uint64_t most_tasks = 1'000'000;

struct Replayed {
  std::uint64_t tasks = 0, effects = 0;
  Document changes = Document::array();
};

Result<void> replay_task(const runtime::Runtime& runtime, const TaskId& id, const std::shared_ptr<const authority::policy::Program>& program,
                         Replayed& out) {
  WRIT_TRY(const auto record, runtime.record(id));
  WRIT_TRY(const auto found, runtime::policy_changes(program, record));
  ++out.tasks;
  for (const auto& e : record.journal) out.effects += e.count;
  for (const auto& reason : found.refusals)
    out.changes.push_back({{"task", id.hex()}, {"effect", ""}, {"resource", ""}, {"count", 0}, {"before", "allowed"}, {"after", "refused"},
                           {"by", Document::array({json_text(reason)})}, {"exact", true}});
  for (const auto& c : found.changes) {
    const auto& e = record.journal[c.entry];
    const bool refused_now = c.turn == authority::policy::Change::Turn::now_refused;
    Document by = Document::array();
    for (const auto& rule : c.by) by.push_back(json_text(rule));
    out.changes.push_back({{"task", id.hex()}, {"effect", effect::named(e).effect},
                           {"resource", json_text(std::string(effect::named(e).resource))}, {"count", e.count},
                           {"before", refused_now ? "allowed" : "refused"}, {"after", refused_now ? "refused" : "allowed"}, {"by", by},
                           {"exact", c.exact}});
  }
  return {};
}

void print(Output& output, const Document& change) {
  const auto text = [&](const char* member) { return escape_for_terminal(change[member].get<std::string>()); };
  const std::string what = text("effect").empty() ? "the whole task" : text("effect") + " " + text("resource");
  output.line(
      text("task").substr(0, 8) + "  " + what + ": " + text("before") + " then, " + text("after") + " now" +
      (change["exact"].get<bool>() ? "" : " (by the average of " + std::to_string(change["count"].get<std::uint64_t>()) + ")"));
  for (const auto& rule : change["by"]) output.line("          " + escape_for_terminal(rule.get<std::string>()));
}

}  // namespace

Status policy_replay(Invocation& i) {
  const auto against = i.arguments.value("--against");
  if (!against)
    return {invalid("which policy?", "writ policy replay", "writ policy replay --against FILE [TASK...]"), exit_usage};
  WRIT_TRY(const auto program, load_policy(*against));
  runtime::TaskFilter filter;
  filter.limit = usual_tasks;
  if (const auto v = i.arguments.value("--limit")) {
    const auto n = parse_number(*v, "--limit", 1, most_tasks);
    if (!n) return {n.error(), exit_usage};
    filter.limit = static_cast<std::size_t>(*n);
  }
  WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::read));
  std::vector<TaskId> ids;
  for (const auto& name : i.arguments.operands) {
    WRIT_TRY(const TaskId id, find_task(*store.runtime, name));
    ids.push_back(id);
  }
  if (ids.empty()) {
    WRIT_TRY(const auto tasks, store->tasks(filter));
    for (const auto& t : tasks) ids.push_back(t.id);
  }
  Replayed replayed;
  for (const auto& id : ids) WRIT_CHECK(replay_task(*store.runtime, id, program, replayed));
  if (!i.output.text_wanted()) {
    i.output.document({{"schema", "writ.policy-replay/1"},
                       {"policy", json_text(*against)},
                       {"tasks", replayed.tasks},
                       {"effects", replayed.effects},
                       {"changes", replayed.changes}});
  } else {
    for (const auto& c : replayed.changes) print(i.output, c);
    i.output.line(std::to_string(replayed.tasks) + " tasks, " + std::to_string(replayed.effects) + " effects: " +
                  (replayed.changes.empty() ? "nothing would change"
                                            : std::to_string(replayed.changes.size()) + " would be decided otherwise"));
  }
  return replayed.changes.empty() ? exit_holds : exit_does_not_hold;
}

}  // namespace writ::cli
