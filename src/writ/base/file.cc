#include "writ/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "writ/base/fd.h"
#include "writ/base/id.h"

namespace writ {

Result<std::string> read_file(const std::string& path, ByteCount limit) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return system_error(errno, "cannot open", path);
  std::string content;
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(errno, "cannot read", path);
    if (n == 0) return content;
    if (content.size() + static_cast<std::size_t>(n) > limit.value())
      return Error{Code::exhausted, "file is larger than " + std::to_string(limit.value()) + " bytes", path, {}};
    content.append(buffer, static_cast<std::size_t>(n));
  }
}

Result<void> replace_file(const std::string& path, std::string_view content, mode_t mode, Survives survives) {
  const std::string beside = path + "." + TaskId::random().brief() + ".new";
  Fd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) return system_error(errno, "cannot create", beside);
  const auto fail = [&](const char* what) {
    const int number = errno;
    ::unlink(beside.c_str());
    return system_error(number, what, path);
  };
  while (!content.empty()) {
    const ssize_t n = ::write(fd.get(), content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail("cannot write");
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  if (survives == Survives::power_cut && ::fsync(fd.get()) != 0) return fail("cannot sync");
  if (::rename(beside.c_str(), path.c_str()) != 0) return fail("cannot replace");
  if (survives == Survives::crash) return {};
  const auto slash = path.rfind('/');
  const std::string folder = slash == path.npos ? "." : path.substr(0, slash + 1);
  const Fd d(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!d || ::fsync(d.get()) != 0) return system_error(errno, "cannot sync", folder);
  return {};
}

}  // namespace writ
