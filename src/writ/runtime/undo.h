// Undo: what takes a committed task's changes back, made from its receipt and the history of the objects.
//
// A plan is refused with `conflict`, naming what, where somebody changed an object since; nothing is undone in part, unless
// the caller names some of the paths. Carried out it is a task of its own, with a receipt whose parent is the undone one's,
// and a lost race is a conflict like any other: so an undo can be undone.
#pragma once

#include "writ/runtime/operator_engine.h"
#include "writ/runtime/runtime.h"
#include "writ/store/store.h"

namespace writ::runtime {

struct UndoPlan {
  std::vector<Restoration> restorations;   // by path
  std::vector<OperatorEngine::Write> writes;
  Sha256 parent;                           // the statement of the undone task's receipt
  store::Sequence as_of;                   // the snapshot that it was made on
};

// `invalid` if the task changed nothing, or is not committed, or nothing at one of the paths.
Result<UndoPlan> plan_undo(const store::View&, const TaskId&, const std::vector<std::string>& only);

}  // namespace writ::runtime
