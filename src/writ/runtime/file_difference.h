// What a task changed, or would change, of folders of the host, as patches.
//
// Where the contents are: of a staged task the old ones lie in the folders themselves, as long as nobody changed them, and the
// new ones are the task's own; of a committed one the old ones are kept for undo, and the new ones lie in the folders, as long
// as nobody changed them. What is not at hand is said, and not shown.
#pragma once

#include <string>

#include "writ/runtime/runtime.h"
#include "writ/workspace/commit.h"

namespace writ::runtime {

inline constexpr ByteCount max_patches = 256 * MiB;  // of one difference, which is made in memory

Change::Of kind_of(const workspace::Change&);

// The folder that the paths in patches begin in: the nearest one that holds all that the task changes. Empty if nothing.
std::string patch_folder(const workspace::Changes&);

// Appends to Difference::files, by path. `folder` as above, of all that the task changes.
Result<void> add_file_changes(Difference&, const workspace::Places&, const TaskId&, const workspace::Changes& chosen, Detail);

// What a committed task did to folders, as its commit recorded it; nothing if that is no longer kept.
Result<std::optional<workspace::Changes>> kept_changes(const store::View&, const TaskId&);
// The same, or else as far as its receipt tells of them.
Result<workspace::Changes> files_of(const store::View&, const TaskId&, const proof::OutputManifest&);

}  // namespace writ::runtime
