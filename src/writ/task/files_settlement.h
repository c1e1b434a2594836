// What a settlement does to files: the redo journal of the room workspace around the store transaction of the task.
//
//   prepare   before the transaction; `conflict` if somebody changed what the task saw
//   enter     inside it, with the entries for the output manifest
//   complete  after it: the files change. What goes wrong here is a warning: the task is committed, and recover() goes on
//   forget    for a task that is discarded
//
// Or `keep`, before the transaction that stages the task: what it wrote is there whenever that is.
//
// Threads: one at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "writ/base/fd.h"
#include "writ/proof/verify/manifest.h"
#include "writ/store/store.h"
#include "writ/workspace/commit.h"

namespace writ::task {

// Whose the private folder is: the task's that has just ended here, or a staged one's, which others may be at as well.
enum class Holder : std::uint8_t { task, stage };

class FilesSettlement {
 public:
  FilesSettlement(store::Store& store, workspace::Files& files, const TaskId& id, Holder holder, workspace::Manner manner)
      : store_(store), files_(files), id_(id), holder_(holder), manner_(manner) {}

  Result<void> prepare(const workspace::Changes&, const std::string& contents, const std::function<Result<void>()>& may_begin = {});
  Result<void> enter(store::Transaction&);
  std::vector<std::string> complete();  // warnings
  void forget();
  void abandon();  // what was prepared, for a transaction that is known to have come to nothing
  // `conflict` if the base is no longer what the task saw. Held as long as this lives.
  Result<void> keep(const workspace::Changes&);

 private:
  store::Store& store_;
  workspace::Files& files_;
  TaskId id_;
  Holder holder_;
  workspace::Manner manner_;
  std::unique_ptr<workspace::Commit> commit_;
  Fd kept_;
};

std::vector<proof::FileWrite> file_writes(const workspace::Changes&);
workspace::Places places_of(const store::Store&);

}  // namespace writ::task
