// The code that `run` was given: read whole, and refused with words if it is nothing that this version runs.
#pragma once

#include <string>

#include "exit_status.h"
#include "writ/wire/bytes.h"

namespace writ::cli {

// `name` is a path, or "-" for standard input. The status is 127, 126, 65 or 69 as interface.md says.
Status read_code(const std::string& name, Bytes& out);

}  // namespace writ::cli
