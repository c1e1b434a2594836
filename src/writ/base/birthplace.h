// Birthplace: whether a file lies where it was made, on this machine, or was put there: unpacked from an archive, cloned, copied.
//
// What cannot be put into an archive is the inode that a file will get and the moment at which the kernel will make it (statx:
// STATX_BTIME, to the nanosecond). A mark of both, of those of its folder, and of the machine's id (machine-id(5), so that a
// whole file system made elsewhere does not pass) lies beside the file. Moving the folder within its file system keeps it.
// Where a file system does not date births, the inodes alone stand for them.
//
// It tells what came from elsewhere from what was made here; it is no secret, and keeps out nobody who may write here already.
// Threads: any.
#pragma once

#include <string>

#include "writ/base/result.h"

namespace writ {

inline constexpr const char* birth_mark_name = "born";

// The mark of `file` in `folder`, where both are now; `file` may still have another name.
Result<void> mark_birth(const std::string& folder, const std::string& file);
// False too where there is no mark, and where nothing can be read.
bool was_born_here(const std::string& folder, const std::string& file);

}  // namespace writ
