#include "writ/workspace/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <memory>

#include "writ/base/escape.h"

namespace writ::workspace {
namespace {

// The kernel gives up with EAGAIN when a rename happened during the walk, since it cannot prove that it stayed beneath.
constexpr int race_tries = 64;

Error failed(std::string_view what, const std::string& name) { return system_error(errno, what, escape_for_terminal(name)); }

Result<void> done(int answer, std::string_view what, const std::string& name) {
  if (answer != 0) return failed(what, name);
  return {};
}

struct CloseFolder {
  void operator()(DIR* d) const { ::closedir(d); }
};

// Only what people set by hand; security.* is the kernel's, and a capability on a file is never ours to give.
bool is_kept(std::string_view attribute) { return attribute.starts_with("user.") || attribute.starts_with("system.posix_acl_"); }

void copy_attributes(int from, int to) {  // as far as both file systems have them
  std::array<char, 4096> names;
  std::array<char, 65536> value;
  const ssize_t n = ::flistxattr(from, names.data(), names.size());
  for (ssize_t at = 0; at < n;) {
    const std::string name(names.data() + at);
    at += static_cast<ssize_t>(name.size()) + 1;
    if (!is_kept(name)) continue;
    const ssize_t size = ::fgetxattr(from, name.c_str(), value.data(), value.size());
    if (size >= 0) (void)::fsetxattr(to, name.c_str(), value.data(), static_cast<std::size_t>(size), 0);
  }
}

class HostFiles final : public Files {
 public:
  Result<Fd> open(const Fd& folder, const std::string& path, std::uint64_t flags, mode_t mode) override {
    open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.mode = (flags & O_CREAT) != 0 ? mode : 0;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    for (int i = 0; i < race_tries; ++i) {
      const long fd = ::syscall(SYS_openat2, folder.get(), path.empty() ? "." : path.c_str(), &how, sizeof how);
      if (fd >= 0) return Fd(static_cast<int>(fd));
      if (errno != EAGAIN && errno != EINTR) return failed("cannot open", path);
    }
    return Error{Code::conflict, "the path kept changing while it was looked up", escape_for_terminal(path), "try again"};
  }
  Result<std::size_t> read(const Fd& fd, std::uint64_t offset, std::span<std::byte> out) override {
    for (;;) {
      const ssize_t n = ::pread(fd.get(), out.data(), out.size(), static_cast<off_t>(offset));
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EINTR) return system_error(errno, "cannot read", "");
    }
  }
  Result<void> write(const Fd& fd, std::uint64_t offset, std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = ::pwrite(fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return system_error(errno, "cannot write", "");
      offset += static_cast<std::uint64_t>(n);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return {};
  }
  Result<void> sync(const Fd& fd) override { return done(::fsync(fd.get()), "cannot sync", ""); }
  Result<void> sync_file_system(const Fd& fd) override { return done(::syncfs(fd.get()), "cannot sync", ""); }
  Result<void> rename(const Fd& from, const std::string& name, const Fd& to, const std::string& new_name) override {
    return done(::renameat(from.get(), name.c_str(), to.get(), new_name.c_str()), "cannot rename to", new_name);
  }
  Result<void> exchange(const Fd& folder, const std::string& name, const std::string& with) override {
    return done(::renameat2(folder.get(), name.c_str(), folder.get(), with.c_str(), RENAME_EXCHANGE), "cannot exchange", name);
  }
  Result<void> remove_file(const Fd& folder, const std::string& name) override {
    return done(::unlinkat(folder.get(), name.c_str(), 0), "cannot remove", name);
  }
  Result<void> remove_folder(const Fd& folder, const std::string& name) override {
    return done(::unlinkat(folder.get(), name.c_str(), AT_REMOVEDIR), "cannot remove", name);
  }
  Result<void> make_folder(const Fd& folder, const std::string& name, mode_t mode) override {
    return done(::mkdirat(folder.get(), name.c_str(), mode), "cannot make", name);
  }
  Result<void> make_link(const Fd& folder, const std::string& name, const std::string& target) override {
    return done(::symlinkat(target.c_str(), folder.get(), name.c_str()), "cannot make the link", name);
  }
  Result<void> add_name(const Fd& from, const std::string& name, const Fd& to, const std::string& new_name) override {
    return done(::linkat(from.get(), name.c_str(), to.get(), new_name.c_str(), 0), "cannot link", new_name);
  }
  Result<void> dress(const Fd& fd, mode_t mode, const Fd& like) override {
    if (like) {
      struct stat s{}, mine{};
      if (::fstat(like.get(), &s) != 0 || ::fstat(fd.get(), &mine) != 0) return failed("cannot look at", "");
      // Whoever may write a file but does not own it becomes its owner by replacing it, as with any editor.
      if (s.st_uid != mine.st_uid || s.st_gid != mine.st_gid) (void)!::fchown(fd.get(), s.st_uid, s.st_gid);
      copy_attributes(like.get(), fd.get());
    }
    return done(::fchmod(fd.get(), mode), "cannot set the mode", "");
  }
  Result<void> set_modified(const Fd& folder, const std::string& name, WallTime t) override {
    timespec times[2] = {{0, UTIME_OMIT}, {t.ns / 1'000'000'000, t.ns % 1'000'000'000}};
    if (times[1].tv_nsec < 0) times[1].tv_sec -= 1, times[1].tv_nsec += 1'000'000'000;
    return done(::utimensat(folder.get(), name.c_str(), times, AT_SYMLINK_NOFOLLOW), "cannot set the time of", name);
  }

  Result<struct stat> look(const Fd& folder, const std::string& path) override {
    WRIT_TRY(const auto fd, open(folder, path, O_PATH | O_NOFOLLOW, 0));
    struct stat s{};
    if (::fstat(fd.get(), &s) != 0) return failed("cannot look at", path);
    return s;
  }
  Result<std::string> read_link(const Fd& folder, const std::string& path) override {
    WRIT_TRY(const auto fd, open(folder, path, O_PATH | O_NOFOLLOW, 0));
    std::array<char, PATH_MAX> to;
    const ssize_t n = ::readlinkat(fd.get(), "", to.data(), to.size());
    if (n < 0) return failed("cannot read the link", path);
    return std::string(to.data(), static_cast<std::size_t>(n));
  }
  Result<std::vector<std::string>> list(const Fd& folder) override {
    Fd copy(::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!copy) return failed("cannot list", "");
    const std::unique_ptr<DIR, CloseFolder> open_folder(::fdopendir(copy.get()));
    if (!open_folder) return failed("cannot list", "");
    (void)copy.release();  // the DIR's now
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const auto* e = ::readdir(open_folder.get());
      if (e == nullptr && errno != 0) return failed("cannot list", "");
      if (e == nullptr) break;
      const std::string_view n = e->d_name;
      if (n != "." && n != "..") names.emplace_back(n);
    }
    std::ranges::sort(names);
    return names;
  }
};

WallTime time_of(const timespec& t) { return {t.tv_sec * 1'000'000'000 + t.tv_nsec}; }

}  // namespace

Files& host_files() {
  static HostFiles files;  // without state
  return files;
}

Result<Fd> open_root(const std::string& path) {
  Fd root(::open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root) return failed("cannot open the folder", path);
  return root;
}

Identity identity_of(const struct stat& s) {
  return {time_of(s.st_ctim), s.st_ino, time_of(s.st_mtim), static_cast<std::uint64_t>(s.st_size)};
}

std::optional<Kind> kind_of(const struct stat& s) {
  if (S_ISREG(s.st_mode)) return Kind::file;
  if (S_ISDIR(s.st_mode)) return Kind::folder;
  if (S_ISLNK(s.st_mode)) return Kind::link;
  return std::nullopt;
}

}  // namespace writ::workspace
