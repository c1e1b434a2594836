// The limits of a task by name, as --limit and a manifest's [limits] give them.
#pragma once

#include <string_view>

#include "writ/runtime/runtime.h"

namespace writ::cli {

// `invalid` with the nearest name or what the value should be; `unsupported` for a limit of a later version.
Result<void> set_limit(guest::Limits& limits, std::string_view name, std::string_view value, std::string_view where);

}  // namespace writ::cli
