// Undo: the changes that take a commit back, made from its own record and the copies that it kept.
//
// They are Changes like any others: they are diffed and committed the same way, with contents from Places::undo(task). Paths
// that are no longer as the commit left them are `conflict`, which names them, and nothing is undone in part, unless the
// caller asks for some of the paths (changes.h only()).
#pragma once

#include "writ/base/id.h"
#include "writ/base/result.h"
#include "writ/workspace/changes.h"
#include "writ/workspace/contents.h"
#include "writ/workspace/files.h"

namespace writ::workspace {

// `done` is what was committed (changes_table). The base of the answer is what lies there now. `unavailable` if a copy that is
// needed is gone (it was kept for undo_kept_for).
inline constexpr std::size_t most_named = 8;  // of what somebody changed since
Result<Changes> reverse(Files&, const Places&, const TaskId&, const Changes& done);

}  // namespace writ::workspace
