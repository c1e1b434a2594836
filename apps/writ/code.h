// The code that a command was given: read whole.
#pragma once

#include <string>

#include "exit_status.h"
#include "writ/wire/bytes.h"

namespace writ::cli {

// `name` is a path, or "-" for standard input. The status is 127, 126 or 65 as interface.md says.
Status read_code(const std::string& name, Bytes& out);
// 65 or 69 unless it is a WebAssembly module.
Status check_module(const std::string& name, const Bytes& code);

}  // namespace writ::cli
