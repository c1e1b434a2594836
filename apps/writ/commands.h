// The commands, one file each. A command gets an Invocation, writes to its Output and returns a Status.
#pragma once

#include <memory>

#include "arguments.h"
#include "discovery.h"
#include "exit_status.h"
#include "output.h"
#include "surroundings.h"

namespace writ::runtime {
class Runtime;
}

namespace writ::cli {

struct Invocation {
  const Arguments& arguments;
  const Surroundings& surroundings;
  Output& output;
};

Status init(Invocation&);
Status run(Invocation&);
Status build(Invocation&);
Status tasks(Invocation&);
Status show(Invocation&);
Status why(Invocation&);
Status diff(Invocation&);
Status commit(Invocation&);
Status discard(Invocation&);
Status replay(Invocation&);
Status rerun(Invocation&);
Status cancel(Invocation&);
Status undo(Invocation&);
Status verify(Invocation&);
Status audit(Invocation&);
Status fsck(Invocation&);
Status state(Invocation&);
Status capability(Invocation&);
Status completion(Invocation&);
Status log(Invocation&);
Status key(Invocation&);
Status policy(Invocation&);
Status trust(Invocation&);
Status doctor(Invocation&);
Status version(Invocation&);
Status help(Invocation&);

// The help of one command by its name ("run", "state", "state get"), or of all: for `help` and for --help.
Status print_help(Output&, std::string_view topic);

}  // namespace writ::cli
