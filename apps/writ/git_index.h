// Does git track a path? Read from the index of the repository that the path lies in, without running git: a folder
// that is suspected must not choose what program runs. Index formats 2, 3 and 4 (git's Documentation/gitformat-index).
#pragma once

#include <string>
#include <string_view>

#include "writ/base/result.h"

namespace writ::cli {

// True if the index names `path` (relative to the work tree, no leading or trailing '/') or anything below it.
// `invalid` if these are not the bytes of an index, or of one whose entries lie in another file.
Result<bool> index_names(std::string_view index, std::string_view path);

// The same for an absolute path on this machine: false if it lies in no work tree.
Result<bool> tracked_by_git(const std::string& absolute_path);

}  // namespace writ::cli
