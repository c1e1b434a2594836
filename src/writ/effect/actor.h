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

enum class Follow : std::uint8_t { no, yes };  // a symbolic link in the last place

// An open regular file of the host, read only. Moves nowhere: owned by whoever opened it.
class File {
 public:
  virtual ~File() = default;
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) = 0;  // 0 at the end
  virtual Metadata metadata() const = 0;
  virtual const std::string& real_path() const = 0;  // where the kernel says it is, links resolved
  virtual const std::string& digest() const = 0;     // SHA-256 of the content when it was opened, lower-case hex
};

// Files of the host below granted roots. Every path is resolved beneath the capability's root and nowhere else
// (openat2 RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS); what leads out is `denied`, what is not there `unavailable`.
class HostFiles {
 public:
  virtual ~HostFiles() = default;
  virtual Result<std::unique_ptr<File>> open(const Authorized&) = 0;
  virtual Result<Metadata> stat(const Authorized&, Follow) = 0;
  virtual Result<std::vector<DirectoryEntry>> list(const Authorized&) = 0;
  virtual Result<std::string> read_link(const Authorized&) = 0;
  // Where the path leads, links resolved, for the gate to check once more.
  virtual Result<std::string> real_path(const Authorized&, Follow) = 0;
};

}  // namespace writ::effect
