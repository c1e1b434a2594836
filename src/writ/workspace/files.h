// Files: what the redo journal does to the host, as a port, so that tests can let any of it fail or stop there.
//
// Names are looked up in one folder and never followed. A folder is a descriptor that was opened below the root without
// following links. Errors carry the errno (Error::number); ENOENT is `unavailable`.   Threads: any.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "writ/base/clock.h"
#include "writ/base/fd.h"
#include "writ/base/result.h"
#include "writ/workspace/changes.h"

namespace writ::workspace {

class Files {
 public:
  virtual ~Files() = default;

  // Below `folder`, never through a link, not even in the last place (openat2: BENEATH, NO_SYMLINKS, NO_MAGICLINKS).
  // Empty is the folder itself. `flags` as of open(2).
  virtual Result<Fd> open(const Fd& folder, const std::string& path, std::uint64_t flags, mode_t mode = 0) = 0;
  virtual Result<std::size_t> read(const Fd&, std::uint64_t offset, std::span<std::byte> out) = 0;  // 0 at the end
  virtual Result<void> write(const Fd&, std::uint64_t offset, std::span<const std::byte>) = 0;      // all of it
  virtual Result<void> sync(const Fd&) = 0;
  virtual Result<void> sync_file_system(const Fd&) = 0;
  virtual Result<void> rename(const Fd& from, const std::string& name, const Fd& to, const std::string& new_name) = 0;
  virtual Result<void> exchange(const Fd& folder, const std::string& name, const std::string& with) = 0;  // both at once, or neither
  virtual Result<void> remove_file(const Fd& folder, const std::string& name) = 0;
  virtual Result<void> remove_folder(const Fd& folder, const std::string& name) = 0;
  virtual Result<void> make_folder(const Fd& folder, const std::string& name, mode_t mode) = 0;
  virtual Result<void> make_link(const Fd& folder, const std::string& name, const std::string& target) = 0;  // symbolic
  virtual Result<void> add_name(const Fd& from, const std::string& name, const Fd& to, const std::string& new_name) = 0;  // hard
  // Mode, owner, user attributes and access list as of the one that is replaced. `like` may be nothing (-1): mode only.
  virtual Result<void> dress(const Fd&, mode_t mode, const Fd& like) = 0;
  virtual Result<void> set_modified(const Fd& folder, const std::string& name, WallTime) = 0;

  // What is there; looking does not fail in tests. `name` as for open().
  virtual Result<struct stat> look(const Fd& folder, const std::string& path) = 0;
  virtual Result<std::string> read_link(const Fd& folder, const std::string& path) = 0;
  virtual Result<std::vector<std::string>> list(const Fd& folder) = 0;  // names, sorted, without . and ..
};

Files& host_files();

// The root of a tree: O_PATH, the path itself without links in its last place.
Result<Fd> open_root(const std::string& absolute_path);
Identity identity_of(const struct stat&);
// Nothing for what is neither file, folder nor link.
std::optional<Kind> kind_of(const struct stat&);

}  // namespace writ::workspace
