// A mounted shadow: a folder of the host as a task sees and changes it through the kernel, for guests that are executables.
// (shadow.h serves guests that ask call by call.) Nothing of what the task does is visible outside until a Commit.
//
// Two ways, one result. `overlay`: the kernel lays what the task writes over the folder; whoever starts the guest mounts what
// mounts() describes, in a mount namespace of the guest's own. `copy`: a private copy, for machines where nothing may be
// mounted. Either ends in seal(): the same Tree that Commit writes, `diff` shows and `undo` takes back.
//
// What a task leaves behind is hostile, and seal() judges it. Refused (`denied`, with the path): sockets, devices, named pipes,
// files that get or lose set-user or set-group bits, links that lead out of the folder, names that are hidden from the task
// (Writ's own, and those of Setup::hidden), the removal of a folder that holds one of these. Not carried over, but named by
// left_out(): extended attributes, owners, sticky and set-group bits of folders, the mode of the root itself.
//
// `conflict`: the folder changed under the task. What the task read is not known here, so only what it changed, and the folders
// these changes lie in, are compared (docs/decisions/0034): names and inodes with those at the start, times with that of
// the start. A change within one tick of the kernel's clock (4 ms) after open() that leaves a file's inode goes unseen.
//
// Hard links are kept among what the task wrote; a link to a file that it did not change becomes a file of its own.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "writ/base/result.h"
#include "writ/workspace/changes.h"

namespace writ::workspace {

// Who mounts an overlay, and so which attributes it marks its own files with.
enum class Overlay : std::uint8_t {
  trusted,  // root of the machine: trusted.overlay.*
  user,     // root of a user namespace: user.overlay.*
};

class MountedShadow {
 public:
  struct Setup {
    std::string root;      // absolute, in the operator's words: links are followed here
    std::string contents;  // the task's private folder (Places::shadow): new contents go there
    // Whether a path below the root is hidden from the task; what is below a hidden folder is hidden with it.
    std::function<bool(std::string_view path)> hidden = {};
    std::vector<std::pair<std::uint64_t, std::uint64_t>> hidden_nodes = {};  // device and inode of what is hidden (the store)
    // Folders where the private files may lie if `contents` does not do (overlayfs wants neither itself nor a place in the
    // root below it), best first: a tmpfs, or what $TMPDIR names.
    std::vector<std::string> elsewhere = {};
  };
  // One overlay: mount("overlay", target, "overlay", flags, options), where target is where the task sees the root, and `at`
  // below it. Paths as seen before any pivot_root, and target not among the lowers. In their order: the root's comes first. More
  // than one where something is mounted in the folder (with Overlay::trusted only: a user namespace may not look below mounts).
  struct Mount {
    std::string at;  // "" is the root
    std::string lower, upper, work;
    std::string options;
    unsigned long flags = 0;
  };

  virtual ~MountedShadow() = default;
  virtual const std::string& root() const = 0;  // links resolved
  // What to mount; empty: folder() is to be bound where the task sees the root.
  virtual const std::vector<Mount>& mounts() const = 0;
  virtual const std::string& folder() const = 0;  // empty with mounts()

  // When everything that the task started has ended: whoever calls has killed and waited. (What a process writes that goes on all
  // the same is in what is sealed or not, but never in the folder: contents are copied before they are digested.) May be
  // called once. A Tree without changes if nothing is.
  virtual Result<Tree> seal() = 0;
  // After seal(): "PATH: what of it is not carried over", escaped for terminals, in order.
  virtual const std::vector<std::string>& left_out() const = 0;
};

// `unsupported`, with the reason, where an overlay will not do: the kernel or a file system does not take it, or single files are
// mounted in the folder. Without the rights to mount here the kernel cannot be asked: then the mount itself says.
Result<std::unique_ptr<MountedShadow>> open_overlay(MountedShadow::Setup, Overlay);
Result<std::unique_ptr<MountedShadow>> open_copy(MountedShadow::Setup);

}  // namespace writ::workspace
