#include "writ/actor/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <climits>
#include <optional>

namespace writ::actor {
namespace {

// The kernel gives up with EAGAIN when a rename happened during the walk, since it cannot prove that it stayed beneath.
constexpr int race_tries = 64;

effect::FileType type_of(mode_t mode) {
  if (S_ISREG(mode)) return effect::FileType::regular;
  if (S_ISDIR(mode)) return effect::FileType::directory;
  if (S_ISLNK(mode)) return effect::FileType::symbolic_link;
  return effect::FileType::other;
}

WallTime wall_time(const timespec& t) { return {t.tv_sec * 1'000'000'000 + t.tv_nsec}; }

// The name that the kernel has for an open thing; nothing without /proc.
std::optional<std::string> kernel_name(const Fd& fd) {
  std::array<char, PATH_MAX + 16> name;
  const auto link = "/proc/self/fd/" + std::to_string(fd.get());
  const ssize_t n = ::readlink(link.c_str(), name.data(), name.size());
  if (n <= 0 || static_cast<std::size_t>(n) == name.size()) return std::nullopt;
  return std::string(name.data(), static_cast<std::size_t>(n));
}

// Where the path leads without a fence, for the journal alone: O_PATH opens nothing, so looking there has no effect.
std::optional<std::string> leads_to(const Root& root, const std::string& rest) {
  const Fd there(::open((root.path + "/" + rest).c_str(), O_PATH | O_CLOEXEC));
  return there ? kernel_name(there) : std::nullopt;
}

Error escape(const std::optional<std::string>& to) {
  return {Code::denied, "the path leads out of what was granted", to.value_or(""), {}};
}

Error no_proc(const std::string& path) {
  return {Code::unavailable, "cannot tell where a file is", path, "mount /proc"};
}

constexpr std::string_view mark = " (deleted)";  // what the kernel appends; a file may really be named so

bool is_removed(const Fd& fd, const std::string& name) {
  struct stat mine{}, there{};
  if (!name.ends_with(mark) || ::fstat(fd.get(), &mine) != 0) return false;
  return ::lstat(name.c_str(), &there) != 0 || there.st_dev != mine.st_dev || there.st_ino != mine.st_ino;
}

}  // namespace

Error host_error(int number, std::string_view what, const std::string& path) {
  Error e = system_error(number, what, path);
  if (e.code == Code::denied) e.code = Code::unavailable;
  return e;
}

Result<Fd> open_beneath(const Root& root, const std::string& rest, std::uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const std::string shown = rest.empty() ? root.path : root.path + "/" + rest;
  for (int i = 0; i < race_tries; ++i) {
    const long fd = ::syscall(SYS_openat2, root.fd.get(), rest.empty() ? "." : rest.c_str(), &how, sizeof how);
    if (fd >= 0) return Fd(static_cast<int>(fd));
    switch (errno) {
      case EAGAIN:
      case EINTR: continue;
      case EXDEV: return escape(leads_to(root, rest));
      case ELOOP:  // a link of /proc, which leads anywhere, or a circle of links, which leads nowhere
        if (const auto to = leads_to(root, rest)) return escape(to);
        return host_error(ELOOP, "cannot open", shown);
      case ENOSYS:
        return Error{Code::unsupported, "this kernel cannot keep a path below a folder", shown, "openat2 needs Linux 5.6"};
      default: return host_error(errno, "cannot open", shown);
    }
  }
  return Error{Code::conflict, "the path kept changing while it was looked up", shown, "try again"};
}

Result<Root> open_root(const std::string& path) {
  if (path.empty() || path[0] != '/' || path.find('\0') != path.npos) return invalid("not an absolute path", path);
  Root root{.path = path == "/" ? "" : path, .fd = Fd(::open(path.c_str(), O_PATH | O_CLOEXEC)), .type = {}};
  if (!root.fd) return host_error(errno, "cannot open", path);
  WRIT_CHECK(check_openable(root.fd, path));
  WRIT_TRY(const auto looked, metadata_of(root.fd, path));
  root.type = looked.type;
  if (root.type == effect::FileType::directory) return root;
  Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file) return host_error(errno, "cannot open", path);
  WRIT_TRY(const auto opened, metadata_of(file, path));
  if (opened.device != looked.device || opened.inode != looked.inode)
    return Error{Code::conflict, "the file was replaced while it was opened", path, "try again"};
  root.fd = std::move(file);
  return root;
}

Result<Place> place_of(const Fd& fd, const Root& root) {
  const auto name = kernel_name(fd), folder = kernel_name(root.fd);
  if (!name || !folder) return no_proc(root.path);
  const bool removed = is_removed(fd, *name);
  if (root.type != effect::FileType::directory)  // one file: it is what was granted, even after its name is gone
    return Place{root.path, removed ? name->substr(0, name->size() - mark.size()) : *name};
  if (removed) return Error{Code::unavailable, "it was removed", root.path, {}, ENOENT};
  const std::string_view base = *folder == "/" ? std::string_view() : std::string_view(*folder);
  if (*name == *folder) return Place{root.path.empty() ? "/" : root.path, *name};
  if (!name->starts_with(base) || (*name)[base.size()] != '/')
    return Error{Code::denied, "it was moved out of what was granted", *name, {}};
  return Place{root.path + name->substr(base.size()), *name};
}

Result<effect::Metadata> metadata_of(const Fd& fd, const std::string& path) {
  struct stat s{};
  if (::fstat(fd.get(), &s) != 0) return host_error(errno, "cannot look at", path);
  return effect::Metadata{.type = type_of(s.st_mode), .device = s.st_dev, .inode = s.st_ino, .links = s.st_nlink,
                          .size = static_cast<std::uint64_t>(s.st_size), .accessed = wall_time(s.st_atim),
                          .modified = wall_time(s.st_mtim), .changed = wall_time(s.st_ctim)};
}

Result<void> check_openable(const Fd& fd, const std::string& path) {
  struct stat s{};
  if (::fstat(fd.get(), &s) != 0) return host_error(errno, "cannot look at", path);
  const auto refuse = [&](const char* what) {
    return Error{Code::unsupported, std::string("it is a ") + what, path, "only regular files and folders are opened"};
  };
  switch (s.st_mode & S_IFMT) {
    case S_IFREG:
    case S_IFDIR: return {};
    case S_IFIFO: return refuse("named pipe");
    case S_IFSOCK: return refuse("socket");
    case S_IFCHR: return refuse("character device");
    case S_IFBLK: return refuse("block device");
    case S_IFLNK: return refuse("symbolic link");
    default: return refuse("special file");
  }
}

}  // namespace writ::actor
