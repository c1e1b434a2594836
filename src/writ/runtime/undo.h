// Undo: what takes a committed task's changes back, made from its receipt, the history of the objects and the copies that its
// commit kept of files.
//
// A plan is refused with `conflict`, naming what, where somebody changed an object or a file since; nothing is undone in part,
// unless the caller names some of the paths. Carried out it is a task of its own, with a receipt whose parent is the undone
// one's, and a lost race is a conflict like any other: so an undo can be undone.
#pragma once

#include "writ/runtime/operator_engine.h"
#include "writ/runtime/runtime.h"
#include "writ/store/store.h"
#include "writ/workspace/commit.h"

namespace writ::runtime {

struct UndoPlan {
  TaskId task;                             // the undone one
  std::vector<Restoration> restorations;   // objects by path, then files by path
  std::vector<OperatorEngine::Write> writes;
  workspace::Changes files;
  Sha256 parent;                           // the statement of the undone task's receipt
  store::Sequence as_of;                   // the snapshot that it was made on
};

// `invalid` if the task changed nothing, or is not committed, or nothing at one of the paths; `unavailable` if what it replaced
// is no longer kept.
Result<UndoPlan> plan_undo(const store::View&, const workspace::Places&, const TaskId&, const task::Paths& only,
                           workspace::Files& = workspace::host_files());

// The task that carries it out, and the engine for it.
struct UndoTask {
  OperatorEngine engine;
  task::Spec spec;
};
Result<UndoTask> task_of(UndoPlan, const workspace::Places&);

}  // namespace writ::runtime
