#include "writ/guest/wasm/scratch.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "writ/base/fd.h"
#include "writ/base/file.h"

namespace writ::guest::wasm {

namespace {

constexpr std::string_view prefix = "making-";

void remove_leftovers(const std::string& below) {
  std::error_code ignored;  // others may be at the same; what stays is removed another time
  const auto yesterday = std::filesystem::file_time_type::clock::now() - std::chrono::hours(24);
  for (std::filesystem::directory_iterator i(below, ignored), end; i != end; i.increment(ignored)) {
    if (!i->path().filename().string().starts_with(prefix)) continue;
    const auto changed = std::filesystem::last_write_time(i->path(), ignored);
    if (!ignored && changed < yesterday) std::filesystem::remove_all(i->path(), ignored);
  }
}

}  // namespace

Result<Scratch> Scratch::make(const std::string& below) {
  remove_leftovers(below);
  std::string path = below + "/" + std::string(prefix) + "XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return system_error(errno, "cannot make a folder", path);
  return Scratch(std::move(path));
}

Scratch::~Scratch() {
  std::error_code ignored;  // a folder left behind harms nobody
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Result<void> Scratch::write(std::string_view name, BytesView content) const {
  const std::string path = file(name);
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  ::unlink(path.c_str());
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return system_error(errno, "cannot create", path);
  while (!content.empty()) {
    const ssize_t n = ::write(fd.get(), content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(errno, "cannot write", path);
    content = content.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Result<std::string> Scratch::read(std::string_view name, ByteCount limit) const { return read_file(file(name), limit); }

}  // namespace writ::guest::wasm
