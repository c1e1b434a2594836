// The command `writ`: reads the command line, calls the command, prints its error, ends with its status.
#include <signal.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "commands.h"
#include "writ/runtime/runtime.h"
#include "writ/wire/lean.h"

namespace {

using namespace writ;
using namespace writ::cli;

using Command = Status (*)(Invocation&);

constexpr std::array<std::pair<std::string_view, Command>, 27> table{{
    {"init", init},
    {"run", run},
    {"build", build},
    {"tasks", tasks},
    {"show", show},
    {"why", why},
    {"diff", diff},
    {"commit", commit},
    {"discard", discard},
    {"replay", replay},
    {"rerun", rerun},
    {"cancel", cancel},
    {"undo", undo},
    {"verify", verify},
    {"audit", audit},
    {"fsck", fsck},
    {"state", state},
    {"learn", run},
    {"cap", capability},
    {"completion", completion},
    {"log", log},
    {"key", key},
    {"policy", policy},
    {"trust", trust},
    {"doctor", doctor},
    {"version", version},
    {"help", help},
}};

Status dispatch(const Arguments& arguments, Output& output) {
  const std::string_view name = arguments.command ? arguments.command->name : "";
  if (arguments.has("--help") || arguments.has("-h"))
    return print_help(output, arguments.command            ? name
                              : arguments.operands.empty() ? ""
                                                           : std::string_view(arguments.operands[0]));
  if (!arguments.command) return {invalid("a command is missing", {}, "see `writ help`"), exit_usage};
  const Surroundings surroundings = Surroundings::of_this_process();
  Invocation invocation{arguments, surroundings, output};
  // A kernel without seccomp has no lock. That alone is no reason to refuse, since it is the second wall behind the fence.
  // What starts guests locks itself when it knows their kind (run_task.h), and doctor tries out what a lock would forbid.
  if (name != "run" && name != "learn" && name != "rerun" && name != "doctor") (void)runtime::lock_process();
  for (const auto& [word, command] : table)
    if (name.substr(0, name.find(' ')) == word) return command(invocation);
  return {Error{Code::unsupported, "not in this version", std::string(name), {}}, exit_not_available};
}

int main_with(std::span<const std::string> words) {
  const auto arguments = parse_arguments(words);
  if (!arguments) {
    Output output(form_of(words), Chatter::normal);
    output.error(arguments.error());
    (void)output.finish();
    return arguments.error().code == Code::unsupported ? exit_not_available : exit_usage;
  }
  Output output(arguments->form, arguments->has("-q") ? Chatter::quiet : Chatter::normal);
  const Status status = dispatch(*arguments, output);
  if (status.failed()) output.error(status.error());
  if (const auto written = output.finish(); !written) {
    Output(Form::text, Chatter::normal).error(written.error());
    return status.exit() == exit_holds ? static_cast<int>(exit_not_available) : status.exit();
  }
  return status.exit();
}

}  // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error to report, not a death without a word
  occupy_standard_descriptors();
  start_digests_lean();
  runtime::start_process();
  std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (words.size() == 1 && words[0] == "--version") words[0] = "version";
  return main_with(words);
}
