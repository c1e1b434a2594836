#include "writ/workspace/keep.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <vector>

#include "writ/base/escape.h"
#include "writ/workspace/contents.h"
#include "writ/workspace/files.h"
#include "writ/workspace/line_diff.h"

namespace writ::workspace {
namespace {

constexpr std::size_t piece = 256 * 1024;

struct Extent {
  std::uint64_t begin, end;
};

// The next run of data at or behind a place; nothing behind the last. A file system that knows no holes says it is all data.
Result<std::optional<Extent>> next_data(const Fd& fd, std::uint64_t at, std::uint64_t size) {
  if (at >= size) return std::optional<Extent>();
  const off_t begin = ::lseek(fd.get(), static_cast<off_t>(at), SEEK_DATA);
  if (begin < 0 && errno == ENXIO) return std::optional<Extent>();
  if (begin < 0 && errno == EINVAL) return std::optional(Extent{at, size});
  const off_t end = begin < 0 ? -1 : ::lseek(fd.get(), begin, SEEK_HOLE);
  if (end < 0) return system_error(errno, "cannot find the data of a file", "");
  return std::optional(Extent{static_cast<std::uint64_t>(begin), std::min(static_cast<std::uint64_t>(end), size)});
}

Result<std::uint64_t> size_of(const Fd& fd) {
  struct stat s{};
  if (::fstat(fd.get(), &s) != 0) return system_error(errno, "cannot look at a file", "");
  return static_cast<std::uint64_t>(s.st_size);
}

std::string by_descriptor(const Fd& fd) { return "/proc/self/fd/" + std::to_string(fd.get()); }

}  // namespace

Result<Content> digest_file(const Fd& fd) {
  WRIT_TRY(const auto size, size_of(fd));
  Content c;
  c.size = size;
  DigestStream digest;
  std::vector<std::byte> buffer(std::clamp<std::size_t>(size, 1, piece));
  const bool keeps_text = size <= max_text.value();
  const auto take = [&](std::span<const std::byte> part) {
    digest.update(part);
    if (keeps_text) c.text += as_text(part);
  };
  std::uint64_t at = 0;
  const auto zeros = [&](std::uint64_t until) {
    if (at < until) std::ranges::fill(buffer, std::byte{0});
    for (; at < until; at += std::min<std::uint64_t>(until - at, buffer.size()))
      take(std::span(buffer).first(std::min<std::uint64_t>(until - at, buffer.size())));
  };
  for (;;) {
    WRIT_TRY(const auto data, next_data(fd, at, size));
    if (!data) break;
    zeros(data->begin);
    while (at < data->end) {
      WRIT_TRY(const auto n, host_files().read(fd, at, std::span(buffer).first(std::min<std::uint64_t>(data->end - at, buffer.size()))));
      if (n == 0) return Error{Code::conflict, "a file became shorter while it was read", "", "a process of the task is still running"};
      take(std::span(buffer).first(n));
      at += n;
    }
  }
  zeros(size);
  c.digest = digest.finish();
  return c;
}

Result<void> copy_file(const Fd& from, const Fd& to) {
  WRIT_TRY(const auto size, size_of(from));
  if (size == 0 || ::ioctl(to.get(), FICLONE, from.get()) == 0) return {};
  if (::ftruncate(to.get(), static_cast<off_t>(size)) != 0) return system_error(errno, "cannot write", "");
  std::vector<std::byte> buffer(std::min<std::size_t>(size, piece));
  for (std::uint64_t at = 0;;) {
    WRIT_TRY(const auto data, next_data(from, at, size));
    if (!data) return {};
    at = data->begin;
    while (at < data->end) {
      WRIT_TRY(const auto n, host_files().read(from, at, std::span(buffer).first(std::min<std::uint64_t>(data->end - at, buffer.size()))));
      if (n == 0) return Error{Code::conflict, "a file became shorter while it was read", "", "try again"};
      WRIT_CHECK(host_files().write(to, at, std::span(buffer).first(n)));
      at += n;
    }
  }
}

Result<Content> keep_file(const Fd& fd, const std::string& contents) {
  const auto keeping = contents + "/keeping";
  ::unlink(keeping.c_str());
  const Fd to(::open(keeping.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!to) return system_error(errno, "cannot keep a content", keeping);
  auto copied = copy_file(fd, to);
  auto content = copied ? digest_file(to) : Result<Content>(copied.error());
  if (content && ::rename(keeping.c_str(), content_path(contents, content->digest.sha256).c_str()) != 0)
    content = system_error(errno, "cannot keep a content", keeping);
  if (content) return content;
  ::unlink(keeping.c_str());
  auto e = content.error();
  if (e.where.empty()) e.where = contents;
  return e;
}

Result<Fd> open_left(const Fd& folder, const std::string& name, std::uint64_t flags, const struct stat& expected) {
  auto fd = host_files().open(folder, name, flags);
  if (!fd && fd.error().number == EACCES) {
    // Its own mode keeps us out. It is made ours by its descriptor: by its name it could be another file by now.
    WRIT_TRY(const auto handle, host_files().open(folder, name, O_PATH | O_NOFOLLOW));
    struct stat s{};
    if (::fstat(handle.get(), &s) != 0 || s.st_ino != expected.st_ino || s.st_dev != expected.st_dev || S_ISLNK(s.st_mode))
      return fd.error();
    if (::chmod(by_descriptor(handle).c_str(), S_ISDIR(s.st_mode) ? 0700 : 0600) != 0) return fd.error();
    fd = host_files().open(folder, name, flags);
  }
  if (!fd) return fd;
  struct stat s{};
  if (::fstat(fd->get(), &s) != 0) return system_error(errno, "cannot look at", escape_for_terminal(name));
  if (s.st_ino != expected.st_ino || s.st_dev != expected.st_dev || (s.st_mode & S_IFMT) != (expected.st_mode & S_IFMT))
    return Error{Code::conflict, "what the task left changed while it was looked at", escape_for_terminal(name),
                 "a process of the task is still running"};
  return fd;
}

}  // namespace writ::workspace
