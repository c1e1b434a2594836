#include "writ/workspace/contents.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

namespace writ::workspace {
namespace {

struct CloseFolder {
  void operator()(DIR* d) const { ::closedir(d); }
};

// A folder in `top`, for reading; made ours first where its mode keeps us out.
Fd open_to_empty(int top, const std::string& name) {
  Fd fd(::openat(top, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat s{};
  if (fd && ::fstat(fd.get(), &s) == 0 && ((s.st_mode & 0700) == 0700 || ::fchmod(fd.get(), 0700) == 0)) return fd;
  if (!fd && errno == EACCES && ::fstatat(top, name.c_str(), &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(s.st_mode) &&
      ::fchmodat(top, name.c_str(), 0700, 0) == 0)
    fd = Fd(::openat(top, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  return fd;
}

}  // namespace

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

std::string elsewhere_mark(const std::string& folder) { return folder + "/elsewhere"; }

// Folders in a folder are moved up beside it and emptied in their turn: a tree may be deeper than there are descriptors, or
// than a path is long.
Result<void> remove_tree(const std::string& folder) {
  const std::filesystem::path path(folder);
  const Fd above(::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!above && errno == ENOENT) return {};
  if (!above) return system_error(errno, "cannot remove", folder);
  const Fd top = open_to_empty(above.get(), path.filename().string());
  if (!top && (errno == ENOENT || errno == ENOTDIR)) return {};
  if (!top) return system_error(errno, "cannot remove", folder);
  std::vector<std::string> waiting{"."};
  for (std::uint64_t moved = 0; !waiting.empty();) {
    const auto name = std::move(waiting.back());
    waiting.pop_back();
    Fd fd = open_to_empty(top.get(), name);
    if (!fd) return system_error(errno, "cannot remove", folder);
    const int number = fd.get();
    const std::unique_ptr<DIR, CloseFolder> list(::fdopendir(fd.release()));
    if (!list) return system_error(errno, "cannot remove", folder);
    std::vector<std::string> names;
    errno = 0;
    for (const auto* e = ::readdir(list.get()); e != nullptr; e = ::readdir(list.get()))
      if (const std::string_view n = e->d_name; n != "." && n != "..") names.emplace_back(n);
    if (errno != 0) return system_error(errno, "cannot remove", folder);
    for (const auto& n : names) {
      if (::unlinkat(number, n.c_str(), 0) == 0) continue;
      if (errno != EISDIR && errno != EPERM) return system_error(errno, "cannot remove", folder);
      if (::unlinkat(number, n.c_str(), AT_REMOVEDIR) == 0) continue;
      if (errno != ENOTEMPTY && errno != EEXIST) return system_error(errno, "cannot remove", folder);
      if (name == ".") {
        waiting.push_back(n);
        continue;
      }
      (void)open_to_empty(number, n);  // a folder that may not be written cannot be moved either
      auto up = "deeper-" + std::to_string(++moved);
      while (::renameat2(number, n.c_str(), top.get(), up.c_str(), RENAME_NOREPLACE) != 0) {
        if (errno != EEXIST) return system_error(errno, "cannot remove", folder);
        up = "deeper-" + std::to_string(++moved);
      }
      waiting.push_back(std::move(up));
    }
    if (name != "." && ::unlinkat(top.get(), name.c_str(), AT_REMOVEDIR) != 0) return system_error(errno, "cannot remove", folder);
  }
  if (::unlinkat(above.get(), path.filename().c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) return system_error(errno, "cannot remove", folder);
  return {};
}

std::string elsewhere_name(const std::string& folder) { return "writ-" + std::filesystem::path(folder).filename().string(); }

Result<void> remove_contents(const std::string& folder) {
  const auto mark = elsewhere_mark(folder);
  std::error_code failed;
  const auto other = std::filesystem::read_symlink(mark, failed);
  // A store may come from anywhere: its links lead to nothing that does not have the name that we would have given.
  if (!failed && other.is_absolute() && other.filename() == elsewhere_name(folder)) {
    WRIT_CHECK(remove_tree(other.string()));
    ::unlink(mark.c_str());
  }
  return remove_tree(folder);
}

}  // namespace writ::workspace
