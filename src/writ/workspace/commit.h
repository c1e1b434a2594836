// The redo journal: how sealed changes get onto the disk, all of them or none, whatever happens in between.
//
//   prepare    every new content is copied beside its target (.writ-commit-TASK-N) and synced, what will be replaced is
//              copied for undo; the base is found as it was, or `conflict`. On failure everything is cleared away again.
//   enter      in the store transaction that makes the task's other writes durable: the base is looked at once more, and the
//              intent goes into the table `workspace.intent`. When that transaction is durable, so is this commit.
//   apply      renames the copies over their targets, removes, makes folders, syncs folders. Each step may be done again.
//   finish     forgets the intent and the shadow's contents.
//
// Whoever looks between enter and apply sees the old tree or a tree being finished. After a crash the next command calls
// recover(): an intent that is durable is applied to its end, prepared copies without an intent are removed. So afterwards
// the tree is old or new.
//
// With Manner::swap everything is done in a twin of the folder before `enter`, and apply exchanges the two.
//
// Every path is looked up below the descriptor of its root, without following links; a folder that became a link in the
// meantime is an error, never a way out. One commit at a time: a lock on the root folders and on the store's shadows.
//
// Threads: one at a time; enter() may run on another thread than the rest.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "writ/base/id.h"
#include "writ/base/result.h"
#include "writ/store/store.h"
#include "writ/workspace/changes.h"
#include "writ/workspace/contents.h"
#include "writ/workspace/files.h"

namespace writ::workspace {

// store tables: id of the task -> canonical text of its Changes
inline constexpr std::string_view intent_table = "workspace.intent";    // committed, perhaps not all applied
inline constexpr std::string_view changes_table = "workspace.changes";  // committed; kept for diff, show and undo

class Commit {
 public:
  // The new contents lie in `contents`, a folder of Places or another of that form. `conflict` if the base is not what it
  // was; `exhausted` if the disk is full. `may_begin` is asked once nobody else commits, before anything is prepared: a task
  // that was staged may have been settled meanwhile, and what that commit keeps for undo is not this one's to clear away.
  static Result<std::unique_ptr<Commit>> prepare(Files&, const Places&, const TaskId&, const Changes&, const std::string& contents,
                                                 const std::function<Result<void>()>& may_begin = {}, Manner = Manner::in_place);
  // As abandon(), unless it was entered: then only the store knows, and recover() asks it.
  ~Commit();
  Commit(const Commit&) = delete;
  Commit& operator=(const Commit&) = delete;

  Result<void> enter(store::Transaction&);
  // After the transaction is durable. What somebody changed in between is left alone, and named. An Error: it could not be
  // finished now, recover() will go on.
  Result<std::vector<std::string>> apply();
  Result<void> finish(store::Store&);
  // What was prepared is removed: for a transaction that is known to have come to nothing.
  void abandon();

 private:
  struct Parts;
  explicit Commit(std::unique_ptr<Parts>);
  std::unique_ptr<Parts> parts_;
};

// Looks whether the base is still as the changes have it, without preparing anything: for `diff` and `--dry-run`.
Result<void> check_base(Files&, const Changes&);

// Whether a commit was entered and not finished: by a crash, or it is under way.
Result<bool> has_unfinished(const store::View&);

struct Recovered {
  std::vector<TaskId> finished;       // commits applied to their end
  std::vector<std::string> left;      // paths that somebody changed since, and that were left alone
  std::vector<std::string> failures;  // what could not be finished now, and why
};
// Finishes what a crash left. Cheap when there is nothing: one look into a table and one into a folder. Commits and tasks
// that are alive, of this process or another, are left alone. `keep` says whether a task's private folder is still wanted
// although nobody holds it (it is staged); it is asked with the store as it is then. What it cannot tell is kept.
using Keep = std::function<Result<bool>(const store::View&, const TaskId&)>;
Result<Recovered> recover(Files&, store::Store&, const Places&, const Keep&);

// Undo copies older than this are removed, and the records of their changes with them.
Result<void> forget_undo(store::Store&, const Places&, WallTime older_than);

}  // namespace writ::workspace
