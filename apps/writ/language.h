// What kind of guest `run` was given, and what runs it: a WebAssembly module, a script with its interpreter, an executable.
//
// The content decides where it can: a module and an executable by their first bytes, a script by its first line (#!), then by
// the name's end (.py, .sh) or --lang.
#pragma once

#include "run_options.h"

namespace writ::cli {

// Reads the code and fills in the spec's language, engine, code and places. The status is 64, 65, 69, 126 or 127.
Status read_guest(const Invocation&, RunRequest&);

}  // namespace writ::cli
