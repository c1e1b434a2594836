// `writ doctor`: what this machine offers to fence guests with. Needs no store.
#include <fmt/format.h>

#include "commands.h"
#include "writ/base/escape.h"
#include "writ/runtime/runtime.h"

namespace writ::cli {

Status doctor(Invocation& i) {
  const auto found = runtime::inspect_machine();
  if (i.output.text_wanted()) {
    for (const auto& p : found)
      i.output.line(fmt::format("{:28} {:10} {}", p.name, p.state, escape_for_terminal(p.detail)));
    return exit_holds;
  }
  Document list = Document::array();
  for (const auto& p : found) list.push_back({{"name", p.name}, {"state", p.state}, {"detail", json_text(p.detail)}});
  i.output.document({{"schema", "writ.doctor/1"}, {"protections", std::move(list)}});
  return exit_holds;
}

}  // namespace writ::cli
