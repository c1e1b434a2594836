// Twin: a folder as it will be, made beside it and exchanged with it in one step (`--commit-by swap`), so that nobody who opens
// paths below it ever sees some files old and some new.
//
// The twin's folders are its own; its files are those of the folder, by second names, until the changes are made in it. So it costs
// a name for each file of the whole folder, and bytes only for what changes. After the exchange the old folder lies under the twin's
// name and is emptied. What somebody else put into it in between is carried over to where it was meant to be; if that
// cannot be, it stays and is named.
//
// What the exchange cannot do: the folder gets another inode. Whoever stands in it, watches it or has mounted something in it stays
// with the old one, and tasks that began before meet a conflict. That is why a commit replaces file by file unless it is told to.
// Threads: one at a time.
#pragma once

#include <string>
#include <vector>

#include "writ/base/fd.h"
#include "writ/base/id.h"
#include "writ/workspace/changes.h"
#include "writ/workspace/files.h"

namespace writ::workspace {

// Before anything is made, and before the task runs. `unsupported`, with the reason: the root of the machine, a mount point, a file
// system that exchanges no folders, the folder `store` in it; `denied` if nothing may be made beside it.
Result<void> check_exchange(const std::string& root, const std::string& store);

// The twin of the folder `root` is made, as the folder is, and synced with nothing. The answer is what has to change in it: the same
// changes, with its own path as the root and its own inodes where folders are compared. `unsupported` for what has no second
// name, for something mounted in it, and for a store in it. What was made by then is there: clear_twin().
Result<Tree> make_twin(Files&, const TaskId&, std::size_t number, const Tree&);
// Removes the twin, unless it is the old folder by now. Nothing if it is not there.
Result<void> clear_twin(const TaskId&, std::size_t number, const Tree&);
// `tree` with the two inodes.
Result<Tree> with_inodes(Files&, const TaskId&, std::size_t number, Tree tree);

// The exchange, and the end of the old folder. May be done again. The answer is what somebody changed meanwhile and was left alone.
Result<std::vector<std::string>> exchange_twin(Files&, const TaskId&, std::size_t number, const Tree&);

}  // namespace writ::workspace
