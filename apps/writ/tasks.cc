// `writ tasks`: the tasks of a store, newest first.
#include <algorithm>
#include <array>

#include "moment.h"
#include "opening.h"
#include "summary.h"
#include "writ/base/escape.h"

namespace writ::cli {
namespace {

constexpr std::array<std::string_view, 6> outcomes{"completed", "trapped",       "denied",
                                                   "timed_out", "out_of_memory", "cancelled"};

Result<runtime::TaskFilter> read_filter(const Arguments& arguments) {
  runtime::TaskFilter filter;
  task::Wanted& wanted = filter.wanted;
  const WallTime now = system_clock().wall();
  if (const auto v = arguments.value("--since")) {
    WRIT_TRY(wanted.since, parse_moment(*v, now, "--since"));
  }
  if (const auto v = arguments.value("--until")) {
    WRIT_TRY(wanted.until, parse_moment(*v, now, "--until"));
  }
  if (const auto v = arguments.value("--outcome")) {
    if (std::ranges::find(outcomes, *v) == outcomes.end())
      return invalid("unknown outcome \"" + *v + "\"", "--outcome",
                     suggestion(*v, outcomes, "one of: completed trapped denied timed_out out_of_memory cancelled"));
    wanted.outcome = *v;
  }
  if (const auto v = arguments.value("--touched")) {
    if (v->empty()) return invalid("the value is empty", "--touched", "--touched RESOURCE");
    wanted.touched = *v;
  }
  if (const auto v = arguments.value("--limit")) {
    WRIT_TRY(filter.limit, parse_number(*v, "--limit", 1, 1'000'000));
  }
  if (arguments.has("--denied")) wanted.denials = task::Wanted::Denials::some;
  if (arguments.has("--staged")) wanted.waiting = task::Wanted::Waiting::staged;
  return filter;
}

}  // namespace

Status tasks(Invocation& i) {
  const auto filter = read_filter(i.arguments);
  if (!filter) return {filter.error(), exit_usage};
  WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::read));
  WRIT_TRY(const auto found, store->tasks(*filter));
  if (i.output.form() == Form::document) {
    Document all = Document::array();
    for (const auto& t : found) all.push_back(summary_document(t));
    i.output.document({{"schema", "writ.tasks/1"}, {"tasks", std::move(all)}});
    return exit_holds;
  }
  for (const auto& t : found) {
    if (i.output.text_wanted()) {
      i.output.line(summary_line(t));
    } else {
      Document d{{"schema", "writ.task/1"}};
      d.update(summary_document(t));
      i.output.document(d);
    }
  }
  return exit_holds;
}

}  // namespace writ::cli
