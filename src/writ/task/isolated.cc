#include "writ/task/isolated.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "writ/base/fd.h"

namespace writ::task {
namespace {

constexpr std::size_t page = 4096;

bool is_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

Result<void> keep_memory(const std::string& folder, const TaskId& id, std::span<const std::byte> memory) {
  const std::string path = folder + "/" + id.hex() + ".memory";
  const auto failed = [&] { return system_error(errno, "cannot keep the memory of an isolated task", path); };
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failed();
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file || ::ftruncate(file.get(), static_cast<off_t>(memory.size())) != 0) return failed();
  for (std::size_t at = 0; at < memory.size(); at += page) {
    auto piece = memory.subspan(at, std::min(page, memory.size() - at));
    for (std::size_t done = is_zero(piece) ? piece.size() : 0; done < piece.size();) {
      const auto n = ::pwrite(file.get(), piece.data() + done, piece.size() - done, static_cast<off_t>(at + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        const auto error = failed();
        ::unlink(path.c_str());  // half a memory would be taken for a whole one
        return error;
      }
      done += static_cast<std::size_t>(n);
    }
  }
  return {};
}

}  // namespace writ::task
