// What a settlement does to files: the redo journal of the room workspace around the store transaction of the task.
//
//   prepare   before the transaction; `conflict` if somebody changed what the task saw
//   enter     inside it, with the entries for the output manifest
//   complete  after it: the files change. What goes wrong here is a warning: the task is committed, and recover() goes on
//   forget    for a task that is discarded
//
// Threads: one at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "writ/proof/verify/manifest.h"
#include "writ/store/store.h"
#include "writ/workspace/commit.h"

namespace writ::task {

class FilesSettlement {
 public:
  FilesSettlement(store::Store& store, const TaskId& id) : store_(store), id_(id) {}

  Result<void> prepare(const workspace::Changes&, const std::string& contents);
  Result<void> enter(store::Transaction&);
  std::vector<std::string> complete();  // warnings
  void forget();

 private:
  store::Store& store_;
  TaskId id_;
  std::unique_ptr<workspace::Commit> commit_;
};

std::vector<proof::FileWrite> file_writes(const workspace::Changes&);
workspace::Places places_of(const store::Store&);

}  // namespace writ::task
