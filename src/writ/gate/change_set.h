// ChangeSet: what a task wants to change in the state, and what it relied on. A value: made from the shadow when the task
// is sealed, and committed by gate/commit.h at once, or later by another process (task/stage.h).
//
// Bodies are digested when it is made, so that the store's writer thread has nothing left to hash.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "writ/base/units.h"
#include "writ/wire/digest.h"

namespace writ::gate {

struct StagedWrite {
  std::string path;
  std::optional<std::string> body;  // none: removed
  DigestPair digest;                // of the body; of no bytes if removed
  friend bool operator==(const StagedWrite&, const StagedWrite&) = default;
};

struct ChangeSet {
  std::vector<StagedWrite> writes;  // by path
  // What the task looked at, all of what it writes included, in the versions that it saw; 0: did not exist.
  std::map<std::string, ObjectVersion, std::less<>> read_set;
  // Folders that it listed, with all that lay in them: a commit demands that nothing appeared in or vanished from them.
  std::map<std::string, std::vector<std::string>, std::less<>> listed;
  friend bool operator==(const ChangeSet&, const ChangeSet&) = default;
};

}  // namespace writ::gate
