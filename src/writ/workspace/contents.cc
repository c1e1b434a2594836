#include "writ/workspace/contents.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace writ::workspace {

std::string Places::shadow(const TaskId& id) const { return store + "/shadows/" + id.hex(); }
std::string Places::undo(const TaskId& id) const { return store + "/undo/" + id.hex(); }

std::string content_path(const std::string& folder, const Sha256& digest) { return folder + "/" + digest.hex(); }

Result<Fd> open_content(const std::string& folder, const Sha256& digest, std::uint64_t size) {
  const auto path = content_path(folder, digest);
  Fd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return system_error(errno, "cannot open a content that was kept", path);
  struct stat s{};
  if (::fstat(fd.get(), &s) != 0) return system_error(errno, "cannot look at", path);
  if (!S_ISREG(s.st_mode) || static_cast<std::uint64_t>(s.st_size) != size)
    return Error{Code::corrupt, "a content that was kept is not what was written", path, {}};
  return fd;
}

Result<Fd> hold_contents(const std::string& folder) {
  for (;;) {
    std::error_code failed;
    std::filesystem::create_directories(std::filesystem::path(folder).parent_path(), failed);
    if (failed) return system_error(failed.value(), "cannot make a folder for private copies", folder);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return system_error(errno, "cannot make a folder for private copies", folder);
    Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd && errno == ENOENT) continue;
    if (!fd) return system_error(errno, "cannot open a folder for private copies", folder);
    struct stat mine{}, there{};
    if (::flock(fd.get(), LOCK_SH) != 0 || ::fstat(fd.get(), &mine) != 0) return system_error(errno, "cannot hold", folder);
    if (::stat(folder.c_str(), &there) == 0 && there.st_ino == mine.st_ino) return fd;  // else it was removed in between
  }
}

std::optional<Fd> take_contents(const std::string& folder) {
  Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  return fd;
}

Result<void> remove_contents(const std::string& folder) {
  std::error_code failed;
  std::filesystem::remove_all(folder, failed);
  if (failed) return system_error(failed.value(), "cannot remove", folder);
  return {};
}

}  // namespace writ::workspace
