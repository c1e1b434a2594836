// `writ replay TASK`: tells a task again and compares. 0 it holds, 1 it differs, 69 it cannot be told again, and why.
#include <fcntl.h>

#include <cerrno>

#include "guest_input.h"
#include "interruption.h"
#include "opening.h"
#include "writ/base/escape.h"

namespace writ::cli {
namespace {

Result<Fd> open_input(const std::optional<std::string>& name) {
  if (!name || *name == "none") return Fd();
  Fd file(*name == "-" ? ::fcntl(0, F_DUPFD_CLOEXEC, 3) : ::open(name->c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return system_error(errno, "cannot open the input", *name);
  return file;
}

}  // namespace

Status replay(Invocation& i) {
  WRIT_TRY(const auto watching, Interruption::start());
  Interruption& interruption = *watching;
  const auto name = i.arguments.value("--input");
  WRIT_TRY(Fd source, open_input(name));
  WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::write));
  WRIT_TRY(const TaskId id, find_task(*store.runtime, i.arguments.operands[0]));
  GuestInput input(std::move(source), interruption.stop(), GuestInput::Keep::no);
  task::Input given;
  if (name && *name != "none")
    given = [&input](std::span<std::byte> out, Nanoseconds deadline) { return input.read(out, deadline); };
  interruption.on_request([&store] { store->cancel_all(); });
  const auto differences = store->replay(id, given);
  interruption.on_request({});
  if (!differences) return {differences.error(), interruption.requested() ? static_cast<int>(exit_cancelled) : Status(differences.error()).exit()};
  if (!i.output.text_wanted()) {
    Document list = Document::array();
    for (const auto& d : *differences) list.push_back(json_text(d));
    i.output.document({{"schema", "writ.replay/1"},
                       {"task", id.hex()},
                       {"verdict", differences->empty() ? "holds" : "differs"},
                       {"differences", std::move(list)}});
  } else {
    i.output.line(id.brief() + (differences->empty() ? " holds: the same output, write set and effects" : " differs"));
    for (const auto& d : *differences) i.output.line("  " + escape_for_terminal(d));
  }
  return differences->empty() ? exit_holds : exit_does_not_hold;
}

}  // namespace writ::cli
