// What a staged task keeps of its private folder: the new contents of its changes, and nothing else, as they have to be there
// when the machine comes up again. The transaction that stages the task comes afterwards; recover() clears away what never
// got one.   Threads: one at a time.
#pragma once

#include "writ/base/fd.h"
#include "writ/base/id.h"
#include "writ/base/result.h"
#include "writ/workspace/changes.h"
#include "writ/workspace/contents.h"
#include "writ/workspace/files.h"

namespace writ::workspace {

// Holds the folder until the transaction is durable, so that nobody takes it for one that is left over. `corrupt` if a content is
// missing. Nothing to do, and nothing held, if there are no changes.
Result<Fd> keep_contents(Files&, const Places&, const TaskId&, const Changes&);

}  // namespace writ::workspace
