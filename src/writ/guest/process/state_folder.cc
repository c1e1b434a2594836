#include "writ/guest/process/state_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "writ/base/escape.h"
#include "writ/base/fd.h"
#include "writ/base/file.h"

namespace writ::guest::process {
namespace {

namespace fs = std::filesystem;
using effect::Access;
using effect::FileType;

constexpr ByteCount largest_object = 64 * MiB;  // the gate has limits of its own; this one is on memory

Result<void> write_new(const std::string& path, std::string_view body) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) return system_error(errno, "cannot copy an object", path);
  while (!body.empty()) {
    const ssize_t n = ::write(file.get(), body.data(), body.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(errno, "cannot copy an object", path);
    body.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<std::string> body_of(gate::Session& session, const std::string& object) {
  WRIT_TRY(const auto open, session.open_object(object, Access::read, gate::Creation::must_exist));
  WRIT_TRY(const std::uint64_t size, open->size());
  std::string body(size, '\0');
  WRIT_TRY(const std::size_t n, open->read_at(0, std::as_writable_bytes(std::span(body))));
  body.resize(n);
  return body;
}

bool is_refusal(const Error& e) { return e.code == Code::denied || e.code == Code::unavailable; }

// What a process left. Nothing is followed: it may have planted anything.
Result<void> find_files(const Fd& folder, const std::string& prefix, std::vector<std::string>& found) {
  const Fd again(::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!again) return system_error(errno, "cannot read the state's folder", prefix);
  DIR* const list = ::fdopendir(::fcntl(again.get(), F_DUPFD_CLOEXEC, 3));
  if (list == nullptr) return system_error(errno, "cannot read the state's folder", prefix);
  const std::unique_ptr<DIR, int (*)(DIR*)> closing(list, ::closedir);
  while (const dirent* entry = ::readdir(list)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat s {};
    if (::fstatat(folder.get(), name.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0) return system_error(errno, "cannot look at", prefix + name);
    if (S_ISREG(s.st_mode)) {
      found.push_back(prefix + name);
    } else if (S_ISDIR(s.st_mode)) {
      const Fd below(::openat(folder.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!below) return system_error(errno, "cannot read the state's folder", prefix + name);
      WRIT_CHECK(find_files(below, prefix + name + "/", found));
    } else {
      return invalid("only files can become objects of the state", escape_for_terminal("/state/" + prefix + name));
    }
  }
  return {};
}

Result<std::string> read_below(const Fd& root, const std::string& path) {
  Fd at(::openat(root.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::string_view rest = path;
  for (auto slash = rest.find('/'); at && slash != rest.npos; slash = rest.find('/')) {
    at = Fd(::openat(at.get(), std::string(rest.substr(0, slash)).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    rest.remove_prefix(slash + 1);
  }
  const Fd file(at ? ::openat(at.get(), std::string(rest).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1);
  if (!file) return system_error(errno, "cannot read what is to become an object", escape_for_terminal("/state/" + path));
  std::string body;
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(file.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(errno, "cannot read what is to become an object", escape_for_terminal("/state/" + path));
    if (n == 0) return body;
    if (body.size() + static_cast<std::size_t>(n) > largest_object.value())
      return Error{Code::exhausted, "larger than an object can be", escape_for_terminal("/state/" + path), {}};
    body.append(buffer, static_cast<std::size_t>(n));
  }
}

}  // namespace

Result<StateFolder> StateFolder::fill(gate::Session& session, std::string folder) {
  StateFolder s(std::move(folder));
  if (::mkdir(s.path_.c_str(), 0700) != 0) return system_error(errno, "cannot make a folder for the state", s.path_);
  WRIT_CHECK(s.fill_from(session, {}));
  return s;
}

Result<void> StateFolder::fill_from(gate::Session& session, const std::string& prefix) {
  auto entries = session.list_objects(prefix.empty() ? prefix : prefix.substr(0, prefix.size() - 1));
  if (!entries) return is_refusal(entries.error()) ? Result<void>() : Result<void>(std::move(entries).error());
  std::set<std::string> folders;
  for (const auto& e : *entries)
    if (e.type == FileType::directory) folders.insert(e.name);
  for (const auto& e : *entries) {
    const std::string object = prefix + e.name;
    if (e.type == FileType::directory) {
      if (::mkdir((path_ + "/" + object).c_str(), 0700) != 0) return system_error(errno, "cannot make a folder for the state", object);
      WRIT_CHECK(fill_from(session, object + "/"));
    } else if (!folders.contains(e.name)) {  // an object of the same name as a folder cannot stand beside it in a file system
      auto body = body_of(session, object);
      if (!body && is_refusal(body.error())) continue;
      if (!body) return std::move(body).error();
      WRIT_CHECK(write_new(path_ + "/" + object, *body));
      copied_.emplace(object, sha256(as_bytes(*body)));
    }
  }
  return {};
}

Result<void> StateFolder::collect(gate::Session& session) const {
  const Fd root(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root) return system_error(errno, "cannot read the state's folder", path_);
  std::vector<std::string> found;
  WRIT_CHECK(find_files(root, {}, found));
  std::ranges::sort(found);
  const auto carry_out = [](Result<void> done) { return !done && !is_refusal(done.error()) ? done : Result<void>(); };
  for (const auto& [object, was] : copied_)
    if (!std::ranges::binary_search(found, object)) WRIT_CHECK(carry_out(session.remove_object(object)));
  for (const auto& object : found) {
    WRIT_TRY(const std::string body, read_below(root, object));
    const auto was = copied_.find(object);
    if (was != copied_.end() && was->second == sha256(as_bytes(body))) continue;
    const auto write = [&]() -> Result<void> {
      WRIT_TRY(const auto open, session.open_object(object, Access::write, gate::Creation::may_create));
      WRIT_CHECK(open->truncate(0));
      return open->write_at(0, as_bytes(body));
    };
    WRIT_CHECK(carry_out(write()));
  }
  return {};
}

}  // namespace writ::guest::process
