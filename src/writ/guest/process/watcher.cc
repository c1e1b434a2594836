#include "writ/guest/process/watcher.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <optional>

namespace writ::guest::process {
namespace {

constexpr std::size_t longest_path = 4096;

bool lies_below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// A text in the memory of a process that waits for our answer. By pages, since the next one may not be there.
std::optional<std::string> text_at(pid_t pid, std::uint64_t address) {
  constexpr std::uint64_t page = 4096;
  std::string text;
  while (text.size() < longest_path) {
    std::array<char, page> buffer;
    const std::size_t wanted = page - address % page;
    iovec here{buffer.data(), wanted}, there{reinterpret_cast<void*>(address), wanted};
    const ssize_t n = ::process_vm_readv(pid, &here, 1, &there, 1, 0);
    if (n <= 0) return std::nullopt;
    const auto* end = static_cast<const char*>(std::memchr(buffer.data(), 0, static_cast<std::size_t>(n)));
    text.append(buffer.data(), end != nullptr ? static_cast<std::size_t>(end - buffer.data()) : static_cast<std::size_t>(n));
    if (end != nullptr) return text;
    address += static_cast<std::uint64_t>(n);
  }
  return std::nullopt;
}

}  // namespace

void Watcher::answer() {
  seccomp_notif asked{};
  if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) return;  // it ended, or a signal took it back
  const bool first = asked.data.nr == SYS_open || asked.data.nr == SYS_execve;
  const auto path = text_at(static_cast<pid_t>(asked.pid), asked.data.args[first ? 0 : 1]);
  const bool same = ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &asked.id) == 0;  // and not another with its number
  if (path && path->starts_with('/') && same) look(static_cast<int>(asked.pid), *path);
  seccomp_notif_resp go_on{};
  go_on.id = asked.id;
  go_on.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  (void)::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &go_on);
}

bool Watcher::sees(int pid, const std::string& path) const {
  if (!visible_.empty()) return std::ranges::any_of(visible_, [&](const std::string& v) { return lies_below(path, v); });
  const Fd root(::open(("/proc/" + std::to_string(pid) + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const Fd found(static_cast<int>(::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how)));
  return !root || found;
}

void Watcher::look(int pid, const std::string& path) {
  auto plain = std::filesystem::path(path).lexically_normal().string();
  if (plain.size() > 1 && plain.ends_with('/')) plain.pop_back();
  if (plain == "/" || lies_below(plain, "/proc") || lies_below(plain, "/dev") || sees(pid, plain)) return;
  struct stat found {};
  if (::stat(plain.c_str(), &found) != 0 || !seen_.insert(plain).second) return;
  (void)session_.monitor().perform({effect::Kind::file_read, plain + (S_ISDIR(found.st_mode) ? "/" : ""), 0, 0});
}

}  // namespace writ::guest::process
