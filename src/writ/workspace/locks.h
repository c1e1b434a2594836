// Who commits to folders now: one at a time in a store, and one at a time in a folder, whatever store it comes from. And what
// a commit leaves in the task's private folder, so that a crash before its intent is known to the next command.
//
// Locks go with the process (flock), so a crash leaves none.
#pragma once

#include <optional>
#include <vector>

#include "writ/base/fd.h"
#include "writ/base/result.h"
#include "writ/workspace/changes.h"
#include "writ/workspace/contents.h"

namespace writ::workspace {

enum class Wait : std::uint8_t { no, yes };

class Locks {
 public:
  Locks() = default;
  // `conflict` if another store commits to one of the folders; with Wait::no also if this one does.
  static Result<Locks> take(const Places&, const Changes&, Wait);

 private:
  std::vector<Fd> held_;
};

std::string prepared_marker(const Places&, const TaskId&);
Result<void> write_marker(const Places&, const TaskId&, const Changes&);
Result<std::optional<Changes>> read_marker(const Places&, const TaskId&);

}  // namespace writ::workspace
