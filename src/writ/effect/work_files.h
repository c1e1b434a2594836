// WorkFiles: folders of the host that a task may change, as a port. What it does is staged: the task sees it at once, others
// only at the commit (actor/work_files.h, room workspace).
//
// A task has some roots, in the operator's words; whatever lies below one is looked at and changed here and not through
// HostFiles, so that a task reads what it wrote. Paths are absolute host paths in the operator's words, canonical as text.
//
// Errors are for the guest, with the errno that a file system would give (Error::number). A path that leads out of its root is
// `denied`; a base that somebody else changed meanwhile is `conflict`.   Threads: one task, one thread.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "writ/effect/actor.h"

namespace writ::effect {

struct FileTimes {
  std::optional<WallTime> accessed, modified;  // none: left as it is
};

enum class Making : std::uint8_t { never, if_absent, always };  // of a file that is opened
enum class Cut : std::uint8_t { no, yes };                      // to nothing when it is opened

// Where something is, or would be: by the name that was granted, and by the host's.
struct Whereabouts {
  std::string granted, host;
};

// An open file. It may outlive its name.
class WorkFile {
 public:
  virtual ~WorkFile() = default;
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) = 0;  // 0 at the end
  virtual Result<void> write_at(std::uint64_t offset, std::span<const std::byte>) = 0;
  virtual Result<void> resize(std::uint64_t size) = 0;
  virtual Result<void> set_times(FileTimes) = 0;
  virtual Metadata metadata() const = 0;
  // SHA-256 of the content as the host has it, lower-case hex; empty once the task changed it, or made it.
  virtual Result<std::string> digest() = 0;
};

class WorkFiles {
 public:
  virtual ~WorkFiles() = default;

  virtual bool covers(const std::string& path) const = 0;
  // Links are followed, the last one if asked; the last name need not exist. Looks, and has no effect: the gate decides about
  // the answer before it lets anything happen there.
  virtual Result<Whereabouts> resolve(const std::string& path, Follow) = 0;
  virtual Result<std::vector<std::string>> below(const std::string& folder) = 0;  // itself and all in it: what moving it moves

  virtual Result<Metadata> stat(const Authorized&, Follow) = 0;
  virtual Result<std::vector<DirectoryEntry>> list(const Authorized&) = 0;
  virtual Result<std::string> read_link(const Authorized&) = 0;
  virtual Result<std::unique_ptr<WorkFile>> open(const Authorized&, Follow, Access, Making, Cut) = 0;
  virtual Result<void> make_folder(const Authorized&) = 0;
  virtual Result<void> remove_folder(const Authorized&) = 0;
  virtual Result<void> remove_file(const Authorized&) = 0;
  virtual Result<void> rename(const Authorized& from, const Authorized& to) = 0;
  virtual Result<void> make_link(const Authorized&, const std::string& target) = 0;  // symbolic
  virtual Result<void> add_name(const Authorized& existing, const Authorized& name) = 0;  // hard
  virtual Result<void> set_times(const Authorized&, Follow, FileTimes) = 0;
};

}  // namespace writ::effect
