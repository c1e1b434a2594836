#include "writ/supervise/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "writ/supervise/landlock_access.h"

namespace writ::supervise {
namespace {

// Devices, sockets, fifos and links to elsewhere are never created, not even in folders that may be written.
constexpr std::uint64_t never = LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                                LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM | landlock::device_control;

Result<void> allow(int ruleset, const std::string& path, std::uint64_t access) {
  const Fd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd && (errno == ENOENT || errno == ENOTDIR)) return {};
  if (!fd) return system_error(errno, "cannot open for Landlock", path);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return system_error(errno, "cannot stat", path);
  landlock_path_beneath_attr rule{};
  rule.allowed_access = S_ISDIR(status.st_mode) ? access : access & landlock::of_a_file;
  rule.parent_fd = fd.get();
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    return system_error(errno, "cannot add a Landlock rule", path);
  return {};
}

}  // namespace

Result<Ruleset> make_ruleset(const Confinement& confinement) {
  if (confinement.read.empty() && confinement.write.empty()) return Ruleset{};
  const int abi = static_cast<int>(::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
  if (abi < 1) return Ruleset{};
  const auto wanted = landlock::attributes(abi, landlock::Network::none);
  Ruleset r{Fd(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &wanted, landlock::size_of_attributes(abi), 0))), abi};
  if (!r.fd) return system_error(errno, "cannot create a Landlock ruleset", {});
  for (const auto& path : confinement.read) WRIT_CHECK(allow(r.fd.get(), path, landlock::reading));
  for (const auto& path : confinement.write) WRIT_CHECK(allow(r.fd.get(), path, landlock::handled(abi) & ~never));
  return r;
}

}  // namespace writ::supervise
