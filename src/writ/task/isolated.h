// What isolation of a task keeps: its linear memory as it was when a policy ended it, in a file that only the owner of the
// store can read. Pages of zeros take no room. For inspection; nothing reads it back.
#pragma once

#include <span>
#include <string>

#include "writ/base/id.h"
#include "writ/base/result.h"

namespace writ::task {

// FOLDER/ID.memory, both made with the owner's rights alone.
Result<void> keep_memory(const std::string& folder, const TaskId&, std::span<const std::byte> memory);

}  // namespace writ::task
