#include "writ/workspace/locks.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "writ/base/escape.h"
#include "writ/base/file.h"

namespace writ::workspace {

Result<Locks> Locks::take(const Places& places, const Changes& changes, Wait wait) {
  Locks locks;
  const auto path = places.store + "/shadows/lock";
  Fd mine(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!mine) return system_error(errno, "cannot open the lock of commits", path);
  while (::flock(mine.get(), LOCK_EX | (wait == Wait::no ? LOCK_NB : 0)) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) return Error{Code::conflict, "another commit is under way", path, "try again"};
    return system_error(errno, "cannot lock", path);
  }
  locks.held_.push_back(std::move(mine));
  for (const auto& tree : changes.trees) {
    Fd root(::open(tree.root.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!root) return system_error(errno, "cannot open the folder", escape_for_terminal(tree.root));
    const bool locked = ::flock(root.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
    struct stat locked_one{}, now{};
    // Somebody may have exchanged it between the two calls.
    const bool same = ::fstat(root.get(), &locked_one) == 0 && ::lstat(tree.root.c_str(), &now) == 0 && locked_one.st_ino == now.st_ino;
    if (!locked || !same) return Error{Code::conflict, "another commit to the folder is under way", escape_for_terminal(tree.root), "try again"};
    locks.held_.push_back(std::move(root));
  }
  return locks;
}

std::string prepared_marker(const Places& places, const TaskId& id) { return places.shadow(id) + "/prepared"; }

Result<void> write_marker(const Places& places, const TaskId& id, const Changes& changes) {
  return replace_file(prepared_marker(places, id), text_of(changes), 0600);
}

Result<std::optional<Changes>> read_marker(const Places& places, const TaskId& id) {
  const auto path = prepared_marker(places, id);
  std::error_code failed;
  if (!std::filesystem::exists(path, failed)) return std::optional<Changes>();
  WRIT_TRY(const auto text, read_file(path, max_changes_text + max_changes_text));
  WRIT_TRY(auto changes, parse_changes(text));
  return std::optional(std::move(changes));
}

}  // namespace writ::workspace
