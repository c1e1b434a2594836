#include "writ/actor/host_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "writ/base/assert.h"

namespace writ::actor {
namespace {

using effect::Authorized;
using effect::FileType;
using effect::Follow;

Result<Fd> duplicate(const Fd& fd, const std::string& path) {
  Fd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return host_error(errno, "cannot open", path);
  return copy;
}

FileType type_of(unsigned char d_type) {
  switch (d_type) {
    case DT_REG: return FileType::regular;
    case DT_DIR: return FileType::directory;
    case DT_LNK: return FileType::symbolic_link;
    default: return FileType::other;
  }
}

FileType look_at(int folder, const char* name) {  // for file systems that do not say it in the listing
  struct stat s{};
  if (::fstatat(folder, name, &s, AT_SYMLINK_NOFOLLOW) != 0) return FileType::other;
  return S_ISREG(s.st_mode) ? FileType::regular : S_ISDIR(s.st_mode) ? FileType::directory
         : S_ISLNK(s.st_mode)                                       ? FileType::symbolic_link
                                                                    : FileType::other;
}

// With the place of what is open.
template <class T>
Result<effect::Located<T>> located(T value, const Fd& fd, const Root& root, const std::string& resource) {
  WRIT_TRY(auto place, place_of(fd, root));
  if (resource.size() > 1 && resource.ends_with('/')) {
    place.granted += place.granted == "/" ? "" : "/";
    place.host += place.host == "/" ? "" : "/";
  }
  return effect::Located<T>{std::move(value), std::move(place.granted), std::move(place.host)};
}

struct CloseFolder {
  void operator()(DIR* d) const { ::closedir(d); }
};

}  // namespace

Result<void> HostFiles::admit(std::uint32_t capability, const std::string& path) {
  WRIT_TRY(auto root, open_root(path));
  const bool fresh = roots_.emplace(capability, std::move(root)).second;
  WRIT_ASSERT(fresh);
  return {};
}

Result<HostFiles::Target> HostFiles::find(const Authorized& key) const {
  const auto& resource = key.effect().resource;
  const auto root = roots_.find(key.capability());
  if (root == roots_.end())
    return Error{Code::unavailable, "it was not there when the task was admitted", resource, "make it before the run", ENOENT};
  std::string_view rest = resource;
  if (rest.size() > 1 && rest.ends_with('/')) rest.remove_suffix(1);
  const auto& base = root->second.path;
  if (rest == base || (base.empty() && rest == "/")) return Target{root->second, {}};
  if (rest.find('\0') != rest.npos || !rest.starts_with(base) || rest[base.size()] != '/')
    return invalid("the path is not below what the capability was granted for", resource);
  rest.remove_prefix(base.size() + 1);
  if (root->second.type != FileType::directory) return host_error(ENOTDIR, "cannot open", resource);
  return Target{root->second, std::string(rest)};
}

Result<Fd> HostFiles::look(const Target& target, Follow follow) const {
  if (target.root.type != FileType::directory) return duplicate(target.root.fd, target.root.path);
  return open_beneath(target.root, target.rest, O_PATH | (follow == Follow::no ? O_NOFOLLOW : 0));
}

Result<std::unique_ptr<effect::File>> HostFiles::open(const Authorized& key) {
  const auto& resource = key.effect().resource;
  WRIT_TRY(const auto target, find(key));
  WRIT_TRY(auto fd, look(target, Follow::yes));
  WRIT_CHECK(check_openable(fd, resource));
  WRIT_TRY(const auto looked, metadata_of(fd, resource));
  if (looked.type == FileType::directory) return host_error(EISDIR, "cannot read", resource);
  if (target.root.type == FileType::directory) {
    WRIT_TRY(fd, open_beneath(target.root, target.rest, O_RDONLY | O_NONBLOCK | O_NOCTTY));
    WRIT_TRY(const auto opened, metadata_of(fd, resource));
    if (opened.device != looked.device || opened.inode != looked.inode)
      return Error{Code::conflict, "the file was replaced while it was opened", resource, "try again"};
  }
  WRIT_TRY(auto where, place_of(fd, target.root));
  WRIT_TRY(auto file, HostFile::make(std::move(fd), std::move(where), largest_file_, stop_));
  return std::unique_ptr<effect::File>(std::move(file));
}

Result<effect::Located<effect::Metadata>> HostFiles::stat(const Authorized& key, Follow follow) {
  const auto& resource = key.effect().resource;
  WRIT_TRY(const auto target, find(key));
  WRIT_TRY(const auto fd, look(target, follow));
  WRIT_TRY(const auto metadata, metadata_of(fd, resource));
  return located(metadata, fd, target.root, resource);
}

Result<effect::Located<std::vector<effect::DirectoryEntry>>> HostFiles::list(const Authorized& key) {
  const auto& resource = key.effect().resource;
  WRIT_TRY(const auto target, find(key));
  if (target.root.type != FileType::directory) return host_error(ENOTDIR, "cannot list", resource);
  WRIT_TRY(auto fd, open_beneath(target.root, target.rest, O_RDONLY | O_DIRECTORY | O_NONBLOCK));
  WRIT_TRY(auto found, located(std::vector<effect::DirectoryEntry>(), fd, target.root, resource));
  const std::unique_ptr<DIR, CloseFolder> folder(::fdopendir(fd.get()));
  if (!folder) return host_error(errno, "cannot list", resource);
  const int number = fd.release();  // the folder's now
  auto& entries = found.value;
  for (;;) {
    errno = 0;
    const auto* e = ::readdir(folder.get());
    if (e == nullptr && errno != 0) return host_error(errno, "cannot list", resource);
    if (e == nullptr) break;
    const std::string_view name = e->d_name;
    if (name == "." || name == "..") continue;
    if (entries.size() == max_directory_entries)
      return Error{
          Code::exhausted, "the folder has more than " + std::to_string(max_directory_entries) + " entries", resource, {}};
    entries.push_back({std::string(name), e->d_type == DT_UNKNOWN ? look_at(number, e->d_name) : type_of(e->d_type), e->d_ino});
  }
  std::ranges::sort(entries, {}, &effect::DirectoryEntry::name);
  return found;
}

Result<effect::Located<std::string>> HostFiles::read_link(const Authorized& key) {
  const auto& resource = key.effect().resource;
  WRIT_TRY(const auto target, find(key));
  WRIT_TRY(const auto fd, look(target, Follow::no));
  std::array<char, PATH_MAX> to;
  const ssize_t n = ::readlinkat(fd.get(), "", to.data(), to.size());
  if (n < 0) return host_error(errno == ENOENT ? EINVAL : errno, "cannot read the link", resource);  // ENOENT: not a link
  return located(std::string(to.data(), static_cast<std::size_t>(n)), fd, target.root, resource);
}

}  // namespace writ::actor
