// Beneath: opening paths of the host below one folder and nowhere else, and saying where one ended up.
//
// The kernel resolves (openat2, Linux 5.6): RESOLVE_BENEATH refuses whatever leaves the folder at any step of the walk, by
// `..`, by absolute links or by a rename in the middle of it; RESOLVE_NO_MAGICLINKS refuses the links of /proc. There is no
// weaker way for older kernels: they get `unsupported`.
//
// Errors are those of effect::HostFiles. All functions may be called from any thread.
#pragma once

#include <cstdint>
#include <string>

#include "writ/base/fd.h"
#include "writ/base/result.h"
#include "writ/effect/actor.h"

namespace writ::actor {

// What the operator named, opened when the task was admitted: a folder (O_PATH) or one file (for reading).
struct Root {
  std::string path;  // in the operator's words, absolute and canonical
  Fd fd;
  effect::FileType type = effect::FileType::other;
};
// Follows links: the operator's own words.
Result<Root> open_root(const std::string& path);

// `rest` is relative to the root, which is a folder; empty is the root itself. `flags` as of open(2).
Result<Fd> open_beneath(const Root& root, const std::string& rest, std::uint64_t flags);

// Where an open thing is now.
struct Place {
  std::string granted;  // in the operator's words: below the root's path
  std::string host;     // in the host's words
};
// `unavailable` if it was removed or /proc is not mounted, `denied` if it was moved out of the root.
Result<Place> place_of(const Fd& fd, const Root& root);

Result<effect::Metadata> metadata_of(const Fd& fd, const std::string& path);
// `unsupported`, with a word for what it is, unless it is a regular file or a folder.
Result<void> check_openable(const Fd& fd, const std::string& path);

// A failed call on a path. No permission on the host is `unavailable`: `denied` means an escape here.
Error host_error(int number, std::string_view what, const std::string& path);

}  // namespace writ::actor
