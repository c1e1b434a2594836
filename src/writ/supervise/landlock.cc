#include "writ/supervise/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace writ::supervise {
namespace {

// The kernel's current layout and bits; Debian 12's header ends at version 1 of the interface.
struct RulesetAttributes {
  std::uint64_t file_system = 0, network = 0, scoped = 0;
};
constexpr std::uint64_t refer = 1ull << 13;       // version 2
constexpr std::uint64_t truncate_file = 1ull << 14;  // version 3
constexpr std::uint64_t device_control = 1ull << 15; // version 5
constexpr std::uint64_t tcp = 3;                  // bind and connect, version 4
constexpr std::uint64_t outside = 3;              // abstract sockets and signals, version 6

constexpr std::uint64_t reading = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t version_1 = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
constexpr std::uint64_t of_a_file = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                    truncate_file | device_control;
// Devices, sockets, fifos and links to elsewhere are never created, not even in folders that may be written.
constexpr std::uint64_t never = LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                                LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM | device_control;

std::uint64_t handled(int abi) {
  return version_1 | (abi >= 2 ? refer : 0) | (abi >= 3 ? truncate_file : 0) | (abi >= 5 ? device_control : 0);
}

Result<void> allow(int ruleset, const std::string& path, std::uint64_t access) {
  const Fd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd && (errno == ENOENT || errno == ENOTDIR)) return {};
  if (!fd) return system_error(errno, "cannot open for Landlock", path);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return system_error(errno, "cannot stat", path);
  landlock_path_beneath_attr rule{};
  rule.allowed_access = S_ISDIR(status.st_mode) ? access : access & of_a_file;
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
  const RulesetAttributes attributes{handled(abi), abi >= 4 ? tcp : 0, abi >= 6 ? outside : 0};
  const std::size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  Ruleset r{Fd(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0))), abi};
  if (!r.fd) return system_error(errno, "cannot create a Landlock ruleset", {});
  for (const auto& path : confinement.read) WRIT_CHECK(allow(r.fd.get(), path, reading));
  for (const auto& path : confinement.write) WRIT_CHECK(allow(r.fd.get(), path, handled(abi) & ~never));
  return r;
}

}  // namespace writ::supervise
