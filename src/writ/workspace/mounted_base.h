// The base of a mounted shadow, as it was when the task started and as it is now (mounted.h).
//
// At the start every folder is listed once, so that what is hidden is found at any depth; the inode numbers that come with a
// listing are kept, 16 bytes a name. What changed since is then told without having looked at each file: names by their
// inode, contents by a change time after the start.   Threads: one at a time.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "writ/base/fd.h"
#include "writ/base/result.h"
#include "writ/workspace/files.h"
#include "writ/workspace/mounted.h"

namespace writ::workspace {

// A name in a folder, with the inode number that listing it gave, and what the kernel said of it.
struct Entry {
  std::string name;
  std::uint64_t listed = 0;
  unsigned char type = 0;  // DT_*, perhaps DT_UNKNOWN
};
// By name, without . and ..
Result<std::vector<Entry>> entries(const Fd& folder);

class MountedBase {
 public:
  // Lists everything. `seen` is called for what is not hidden, folders before what is in them, if it is given.
  using Visit = std::function<Result<void>(const std::string& path, const Fd& folder, const Entry&)>;
  static Result<MountedBase> open(const MountedShadow::Setup&, const Visit& seen = {});

  const std::string& real_root() const { return real_root_; }
  const Fd& root() const { return root_; }
  const std::set<std::string, std::less<>>& hidden() const { return hidden_; }  // those that were there at the start
  const std::set<std::string, std::less<>>& mounted() const { return mounted_; }  // mount points below the root
  // Whether a name that is not there yet would be hidden; its folders are not looked at.
  bool hides(std::string_view path) const;
  // Whether something that is hidden, or a mount point, lies at a path or below it.
  bool holds_hidden(std::string_view path) const;
  bool holds_mounted(std::string_view path) const;

  // For whoever looked at each file: what is known of one is compared with that, and not with the time of the start.
  using Known = std::unordered_map<std::string, Identity>;
  void know(Known known) { known_ = std::move(known); }

  // What is there now, `conflict` if it is not what was there at the start. Nothing: neither then nor now. `listed` is its
  // entry now, null if there is none.
  Result<std::optional<struct stat>> unchanged(const std::string& path, const Entry* listed) const;
  Error changed_since(std::string_view path) const;
  // A folder's entries now; empty if it is not there.
  Result<std::vector<Entry>> list(const std::string& path) const;
  // As of struct stat, with target but without digest. Nothing for what is neither file, folder nor link.
  Result<std::optional<Base>> describe(const std::string& path, const struct stat&) const;

 private:
  Result<void> walk(const std::string& path, const Visit& seen);
  std::optional<std::uint64_t> at_start(std::string_view path) const;

  MountedShadow::Setup setup_;
  std::string real_root_;
  Fd root_;
  std::set<std::string, std::less<>> hidden_, mounted_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> names_;  // hash of the path -> inode as listed; sorted
  Known known_;
  WallTime started_;
  Nanoseconds booted_{};  // the clock that nobody sets, at the start
};

// A new folder in another, for one shadow: a task may have several.
Result<std::string> make_place(const std::string& folder);
Error left_alone(std::string what, std::string_view path);  // `denied`
// Mount points below a folder, relative to it, from /proc/self/mountinfo.
Result<std::set<std::string, std::less<>>> mount_points(const std::string& root);

}  // namespace writ::workspace
