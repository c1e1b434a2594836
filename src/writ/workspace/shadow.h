// Shadow: a folder of the host as one task sees and changes it. Nothing of what it does is visible outside until a Commit.
//
// The base is read below a descriptor of the root that was opened once (openat2, never through a link, never out of it). The
// first write to a file copies it into the task's private folder; names that were removed, moved or made are kept in memory.
// Links are followed here and not by the kernel: component by component, over what the task sees, so no exchange of a
// folder for a link can lead out; a link that leaves the root is `denied`, with where it leads in Error::where.
//
// What is offered: files, folders, symbolic links and hard links (names of one file, which are one file again after the
// commit if the task made them; a hard link that the base has is broken by writing, as an editor does), times, permission
// bits as the base has them. What is not: sockets, devices and named pipes (seen, never opened, moved or removed), files
// with set-user or set-group bits (never written or moved), extended attributes.
//
// Errors carry an errno (Error::number) where a file system has one for it: ENOENT, ENOTDIR, EISDIR, EEXIST, ENOTEMPTY,
// ELOOP, EXDEV, EBUSY, ENAMETOOLONG, ENOSPC, EPERM. A base that changed under the task is `conflict`.
//
// Paths are relative to the root, without '.' and '..' and without a leading '/'; "" is the root.
// Threads: one task, one thread. An open file may outlive its name, not its Shadow.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/fd.h"
#include "writ/base/result.h"
#include "writ/base/units.h"
#include "writ/workspace/changes.h"
#include "writ/workspace/files.h"

namespace writ::workspace {

inline constexpr ByteCount max_shadow = 10 * GiB;            // interface.md: disk
inline constexpr std::size_t max_nodes = 1'000'000;          // names that a task looks at: some 300 MB
inline constexpr int max_links = 40;                         // followed in one lookup, as Linux has it

enum class Follow : std::uint8_t { no, yes };  // a link in the last place
enum class Create : std::uint8_t { no, if_absent, always_new };
enum class Empty : std::uint8_t { no, yes };   // cut to nothing when opened
enum class Use : std::uint8_t { read, write, read_write };

struct Status {
  enum class Type : std::uint8_t { file, folder, link, other } type = Type::other;
  std::uint64_t device = 0, inode = 0, links = 0, size = 0;
  WallTime accessed, modified, changed;
};

struct ListEntry {
  std::string name;
  Status::Type type = Status::Type::other;
  std::uint64_t inode = 0;
};

// What times a guest sets; none: left as it is.
struct Times {
  std::optional<WallTime> accessed, modified;
};

class ShadowFile;

class Shadow {
 public:
  struct Setup {
    std::string root;      // absolute, in the operator's words: links are followed here
    std::string contents;  // where copies go (Places::shadow): made when the first is needed
    std::function<WallTime()> now;  // what new things are dated
    std::vector<std::pair<std::uint64_t, std::uint64_t>> hidden = {};  // device and inode of what is never visible (the store)
    std::string prefix = {};  // of its copies' names: shadows of one task share the folder
    // Whether a path below the root is hidden from the task; what is below a hidden folder is hidden with it.
    std::function<bool(std::string_view path)> hides = {};
  };
  // `unavailable` if there is no such folder.
  static Result<std::unique_ptr<Shadow>> open(Setup);
  ~Shadow();

  const std::string& root() const;  // links resolved

  // Where a path leads once its links are followed (the last one too, if asked); the last name need not exist.
  Result<std::string> resolve(std::string_view path, Follow) const;

  Result<Status> look(std::string_view path, Follow);
  Result<std::vector<ListEntry>> list(std::string_view path);  // by name
  Result<std::string> read_link(std::string_view path);
  // Everything that lies below a folder, and the folder itself, by path: what moving it moves.
  Result<std::vector<std::string>> below(std::string_view path);

  Result<std::unique_ptr<ShadowFile>> open_file(std::string_view path, Follow, Use, Create, Empty);
  Result<void> make_folder(std::string_view path);
  Result<void> remove_folder(std::string_view path);  // empty ones
  Result<void> remove_file(std::string_view path);    // and links
  Result<void> rename(std::string_view from, std::string_view to);
  // `target` as it will stand in the link: `denied` unless it stays below the root, seen from where the link is.
  Result<void> make_link(std::string_view target, std::string_view path);
  Result<void> add_name(std::string_view existing, std::string_view path);  // a hard link; of a link: of itself
  Result<void> set_times(std::string_view path, Follow, Times);

  // What is different from the base, with every new content in the private folder under its digest. The shadow may be used
  // on; sealing again gives what is so then. A Tree without changes if nothing is. `denied` for a link that leads out.
  Result<Tree> seal();

 private:
  friend class ShadowFile;
  struct Parts;
  explicit Shadow(std::unique_ptr<Parts>);
  std::unique_ptr<Parts> parts_;
};

// An open file. Reads see every write, through whichever open file or name it came.
class ShadowFile {
 public:
  ~ShadowFile();
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out);
  Result<void> write_at(std::uint64_t offset, std::span<const std::byte>);
  Result<void> resize(std::uint64_t size);
  Result<void> set_times(Times);
  Status status() const;
  // Of the content as the base has it, lower-case hex SHA-256; empty once the task has written to it, or made it.
  Result<std::string> base_digest();

 private:
  friend class Shadow;
  struct Parts;
  explicit ShadowFile(std::unique_ptr<Parts>);
  std::unique_ptr<Parts> parts_;
};

}  // namespace writ::workspace
