// Redo: the part of a commit that may be done again and again until it is whole (commit.h). Everything it needs is in the
// changes and the task's id; what is already so is left so.   Threads: one at a time.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "writ/base/id.h"
#include "writ/workspace/changes.h"
#include "writ/workspace/files.h"

namespace writ::workspace {

// The name of the prepared copy of a change, in the folder of its target or the nearest one above that was there.
std::string prepared_name(const TaskId&, std::size_t tree, std::size_t change);

std::string parent_of(std::string_view path);  // "" is the root
std::string name_of(std::string_view path);
std::string join(std::string_view folder, std::string_view name);

// Makes names in folders last: folder by folder, or all of a file system at once, which costs no more than one folder.
class FolderSync {
 public:
  enum class How : std::uint8_t { each, file_systems };
  FolderSync(Files& files, How how) : files_(files), how_(how) {}
  Result<void> add(const Fd& folder);

 private:
  Files& files_;
  How how_;
  std::set<std::uint64_t> synced_;  // devices
};

// Everything in `changes` is so afterwards, and synced, except what somebody changed since: those paths are the answer. Files
// that are replaced or removed get a name in the folder `undo`, unless a copy is there.
Result<std::vector<std::string>> redo(Files&, const TaskId&, const Changes&, const std::string& undo);
// Prepared copies are gone afterwards, as far as the folders that they lie in are where they were.
enum class Reach : std::uint8_t { some, all };
Result<Reach> clear_prepared(Files&, const TaskId&, const Changes&);
// Whether something is what it was, between two steps of one commit: a step may have taken another name of the file away, which
// dates the file.
bool is_still(const struct stat&, const Base&);
// `conflict` unless the base is as the changes have it. A file of which only the ctime is another (it got or lost a name) is compared by
// its mode and content, if the content was read. by_us: a twin dated them, after they were compared.
enum class Dated : std::uint8_t { by_others, by_us };
Result<void> check_tree(Files&, const Fd& root, const Tree&, Dated = Dated::by_others);

}  // namespace writ::workspace
