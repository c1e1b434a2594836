// What a task left behind in private folders, compared with the base, as a Tree (mounted.h seal()).
//
// Everything here is hostile. Folders are opened from their root by openat2, never through a link; what is read is what was
// opened; sizes are summed before contents are read.   Threads: one at a time.
#pragma once

#include <string>
#include <vector>

#include "writ/workspace/mounted_base.h"

namespace writ::workspace {

// How one way of keeping a task's folder says what became of a name.
enum class Meaning : std::uint8_t { present, removed, untouched };
class Left {
 public:
  virtual ~Left() = default;
  virtual Result<Meaning> meaning(const Fd& folder, const std::string& path, const std::string& name, const struct stat&) const = 0;
  // Whether what the base has in a folder, and this one not, is gone. Otherwise it is as it was.
  virtual Result<bool> is_whole(const Fd& folder) const = 0;
  // Whether the task never saw something of the base, although nobody hid it.
  virtual bool was_kept_back(const std::string& path) const = 0;
  // Whether an extended attribute is the way's own, and none of the task.
  virtual bool is_own_attribute(std::string_view name) const = 0;
};

// A private folder, and the path below the root whose place it takes ("": the root's).
struct LeftFolder {
  std::string at, folder;
};

struct SealedFolder {
  Tree tree;
  std::vector<std::string> left_out;
};
Result<SealedFolder> seal_left(const MountedBase&, const Left&, const std::vector<LeftFolder>&, const std::string& contents);

}  // namespace writ::workspace
