#include "summary.h"

#include <fmt/format.h>

#include "writ/base/escape.h"

namespace writ::cli {

Document summary_document(const runtime::TaskSummary& t) {
  Document labels = Document::array();
  for (const auto& l : t.labels) labels.push_back(json_text(l));
  return {{"task", t.id.hex()},          {"name", json_text(t.name)}, {"code", json_text(t.code_name)},
          {"labels", std::move(labels)}, {"outcome", t.outcome},      {"exit_code", t.exit_code},
          {"state", task::state_names[static_cast<std::size_t>(t.state)]},
          {"committed", t.state == task::State::committed},    {"started", t.started},      {"finished", t.finished},
          {"effects", t.effects},        {"denied", t.denied},        {"objects", t.objects},
          {"files", t.files},
          {"log_index", t.log_index ? Document(*t.log_index) : Document(nullptr)}};
}

std::string summary_line(const runtime::TaskSummary& t) {
  const std::string when = t.started.size() >= 19 ? t.started.substr(0, 10) + " " + t.started.substr(11, 8) : t.started;
  const std::string outcome =
      t.outcome == "completed" && t.exit_code != 0 ? "exit " + std::to_string(t.exit_code) : t.outcome;
  return fmt::format("{}  {}  {:9}  {:13}  {:>3} file{}  {:>3} object{}  {:>3} denied  {}{}{}", t.id.brief(), when,
                     task::state_names[static_cast<std::size_t>(t.state)], outcome, t.files, t.files == 1 ? " " : "s",
                     t.objects, t.objects == 1 ? " " : "s", t.denied,
                     escape_for_terminal(t.code_name), t.name.empty() ? "" : "  ", escape_for_terminal(t.name));
}

}  // namespace writ::cli
