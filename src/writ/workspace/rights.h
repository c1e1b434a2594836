// Rights: whether whoever runs this may do all that a commit does. An intent that can never be finished would stand for ever over
// a tree that is half new, so this is asked before there is one. A task changes a shadow, and may there do what the base refuses.
//
// Threads: any.
#pragma once

#include "writ/base/result.h"
#include "writ/workspace/changes.h"
#include "writ/workspace/files.h"

namespace writ::workspace {

// `denied`, with the path. Rights that are taken away afterwards are found by redo alone.
Result<void> check_rights(Files&, const Fd& root, const Tree&);

}  // namespace writ::workspace
