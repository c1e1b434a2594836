// What Shadow and ShadowFile are made of. An open file holds the nodes, so that it may outlive its name.
#pragma once

#include "writ/workspace/shadow_nodes.h"

namespace writ::workspace {

struct Shadow::Parts {
  std::shared_ptr<Nodes> nodes;
};

struct ShadowFile::Parts {
  std::shared_ptr<Nodes> nodes;
  NodePtr node;
  Fd base, copy;  // opened when first needed
};

Status status_of(const Node&);
Result<void> set_times_of(Nodes&, Node&, Times);

}  // namespace writ::workspace
