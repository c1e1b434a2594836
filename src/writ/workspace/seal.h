// The seal: what a shadow holds, compared with its base, as a Tree (shadow.h seal()).
#pragma once

#include "writ/workspace/shadow_nodes.h"

namespace writ::workspace {

Result<Tree> seal(Nodes&);

}  // namespace writ::workspace
