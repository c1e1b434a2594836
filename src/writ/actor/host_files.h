// HostFiles: files and folders of the host, read only, below what was granted (the port: effect/actor.h).
//
// A task has one. admit() opens what each grant names, once; from then on a capability means what it was opened on,
// whatever happens to the names. Only regular files and folders are opened: looking at a path first opens nothing
// (O_PATH), so a named pipe cannot block, and no device notices.
//
// Threads: one task, one thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "writ/actor/beneath.h"
#include "writ/actor/host_file.h"
#include "writ/base/units.h"
#include "writ/effect/actor.h"

namespace writ::actor {

inline constexpr std::size_t max_directory_entries = 1'000'000;  // a listing is held in memory: some 100 MB
inline constexpr ByteCount max_file_size = 64 * GiB;             // a minute or two of digesting

class HostFiles final : public effect::HostFiles {
 public:
  explicit HostFiles(ByteCount largest_file = max_file_size) : largest_file_(largest_file) {}

  // Opening a file digests all of it, which takes minutes at most; a task that is to end does not wait for that.
  void stop_when(Stop stop) { stop_ = std::move(stop); }

  Result<void> admit(std::uint32_t capability, const std::string& root) override;
  Result<std::unique_ptr<effect::File>> open(const effect::Authorized&) override;
  Result<effect::Located<effect::Metadata>> stat(const effect::Authorized&, effect::Follow) override;
  Result<effect::Located<std::vector<effect::DirectoryEntry>>> list(const effect::Authorized&) override;
  Result<effect::Located<std::string>> read_link(const effect::Authorized&) override;

 private:
  struct Target {
    const Root& root;
    std::string rest;  // below the root; empty is the root itself
  };
  Result<Target> find(const effect::Authorized&) const;
  Result<Fd> look(const Target&, effect::Follow) const;  // O_PATH, or the one file that is the root

  std::map<std::uint32_t, Root> roots_;
  ByteCount largest_file_;
  Stop stop_;
};

}  // namespace writ::actor
