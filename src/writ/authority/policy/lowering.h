// Lowering: from a checked expression to bytecode.
#pragma once

#include "writ/authority/policy/program.h"

namespace writ::authority::policy {

// Numbers the parts that depend on nothing that varies (Expression::slot) and writes the code for the rest. The code
// points into the tree, which must stay where it is.
Bytecode lower(Expression& check);

}  // namespace writ::authority::policy
