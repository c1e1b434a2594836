// The actor port: a gate decides, an actor does. Actors take Authorized effects and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "writ/base/clock.h"
#include "writ/base/result.h"
#include "writ/effect/effect.h"

namespace writ::effect {

enum class FileType : std::uint8_t { regular, directory, symbolic_link, other };

struct Metadata {
  FileType type = FileType::other;
  std::uint64_t device = 0, inode = 0, links = 0, size = 0;
  WallTime accessed, modified, changed;
};

struct DirectoryEntry {
  std::string name;
  FileType type = FileType::other;
  std::uint64_t inode = 0;
};

enum class Access : std::uint8_t { read, write, read_write };

// What was found, and where it was found to be: both of one open thing, so that nobody can exchange it in between. The gate
// hands it on only after it has checked where it is (see File for the two names). A listing's names end in '/'.
template <class T>
struct Located {
  T value;
  std::string real_path, host_path;
};

enum class Follow : std::uint8_t { no, yes };  // a symbolic link in the last place

// An open regular file of the host, read only. Moves nowhere: owned by whoever opened it.
class File {
 public:
  virtual ~File() = default;
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) = 0;  // 0 at the end
  virtual Metadata metadata() const = 0;
  // Where it is, links resolved, in the operator's words: below the root as it was granted, so that it can be compared
  // with the grant. A grant of one file that was a link when the task was admitted is that link's target: then it is the
  // path that was granted.
  virtual const std::string& real_path() const = 0;
  // Where it is in the host's words. Only denies are asked about it (authority::CapabilitySet::deny_of): they hold for the
  // thing, by whichever name it was reached.
  virtual const std::string& host_path() const = 0;
  virtual const std::string& digest() const = 0;     // SHA-256 of the content when it was opened, lower-case hex
};

// Files of the host below granted roots. Every path is resolved beneath the capability's root and nowhere else
// (openat2 RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS). What leads out is `denied`, and the error's `where` is the host path
// it leads to, empty if that is unknown; nothing else is `denied`. What is not there, or not readable by this user, is
// `unavailable`; what is neither file nor folder, or a kernel without openat2, `unsupported`; a race, `conflict`.
class HostFiles {
 public:
  virtual ~HostFiles() = default;
  virtual Result<std::unique_ptr<File>> open(const Authorized&) = 0;
  virtual Result<Located<Metadata>> stat(const Authorized&, Follow) = 0;
  virtual Result<Located<std::vector<DirectoryEntry>>> list(const Authorized&) = 0;
  virtual Result<Located<std::string>> read_link(const Authorized&) = 0;
  // Called when the task is admitted, once for each capability: opens its root (the folder, or the one file), following
  // links, since they are the operator's words. `unavailable` if it is not there: uses of it are `unavailable` then too.
  virtual Result<void> admit(std::uint32_t capability, const std::string& root) = 0;
};

}  // namespace writ::effect
