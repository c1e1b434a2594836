// MountedFiles: the folders that a task sees and may change through the kernel, for guests that do not ask call by call.
//
// Made when a task is admitted, from its mounts and grants: each folder gets a shadow (workspace/mounted.h), an overlay where
// the engine and the kernel take one, else a copy. What the task left in them is judged by the gate, change by change, as if it
// had asked: what is refused is on record and is not committed.   Threads: one task, one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "writ/authority/capability.h"
#include "writ/gate/session.h"
#include "writ/guest/guest.h"
#include "writ/workspace/changes.h"
#include "writ/workspace/mounted.h"

namespace writ::task {

class MountedFiles {
 public:
  struct Setup {
    const authority::CapabilitySet& capabilities;
    const std::vector<gate::Mount>& mounts;
    guest::Layers layers;
    std::string contents;  // the task's private folder
    std::string store;     // never visible
  };
  static Result<MountedFiles> open(const Setup&);

  bool empty() const { return folders_.empty(); }
  std::vector<guest::Layer> layers() const;
  // After the guest has ended.
  Result<workspace::Changes> seal(gate::Session&);
  // After that: what it did that Changes do not say, a line each (workspace/mounted.h).
  std::vector<std::string> left_out() const;

 private:
  struct Folder {
    std::string host, at;
    guest::Layer::Use use;
    std::unique_ptr<workspace::MountedShadow> shadow;
  };
  std::vector<Folder> folders_;
};

}  // namespace writ::task
