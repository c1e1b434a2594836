// Contents: a private folder in which bytes lie under the SHA-256 of what they are, and the places of a store where a task
// has one.
//
//   STORE/shadows/TASK/SHA256   what a task wrote, from its first write to the end of its commit (or its discarding)
//   STORE/undo/TASK/SHA256      what its commit replaced or removed, for `undo`, 7 days by default
//
// They may be on another file system than the folders that are changed. Mode 0700.   Threads: any.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "writ/base/fd.h"
#include "writ/base/id.h"
#include "writ/base/result.h"
#include "writ/wire/digest.h"

namespace writ::workspace {

inline constexpr std::chrono::hours undo_kept_for{7 * 24};

struct Places {
  std::string store;  // its folder, absolute
  std::string shadow(const TaskId&) const;
  std::string undo(const TaskId&) const;
};

std::string content_path(const std::string& folder, const Sha256&);
// For reading; `corrupt` if its size is not `size`. The digest is not checked here: whoever copies it checks.
Result<Fd> open_content(const std::string& folder, const Sha256&, std::uint64_t size);
// Makes the folder (and those above it) unless it is there, and holds it while the descriptor is open: recover() leaves what
// is held alone. Any number may hold one.
Result<Fd> hold_contents(const std::string& folder);
// For removing it: nothing if somebody holds it, or it is not there.
std::optional<Fd> take_contents(const std::string& folder);
// The folder and what is in it, whatever modes and depth a task gave it, and what its elsewhere_mark leads to. Nothing if it is
// not there.
Result<void> remove_contents(const std::string& folder);
// The same of one folder alone, for one in which a task could name things: nothing that lies in it has a meaning.
Result<void> remove_tree(const std::string& folder);
// A link in a private folder, to another folder that goes with it, and the name that the other has.
std::string elsewhere_mark(const std::string& folder);
std::string elsewhere_name(const std::string& folder);

}  // namespace writ::workspace
