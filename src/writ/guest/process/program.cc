#include "writ/guest/process/program.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "writ/base/fd.h"

namespace writ::guest::process {
namespace {

constexpr std::size_t piece = 256 * 1024;

// 0, or why it cannot be executed.
int refusal(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return errno;
  if (!S_ISREG(found.st_mode)) return EACCES;
  return ::access(path.c_str(), X_OK) == 0 ? 0 : errno;
}

}  // namespace

Result<std::string> find_program(const std::string& command, std::string_view path, const std::string& folder) {
  if (command.empty()) return invalid("the command has no name", "--", "writ run [OPTIONS] -- COMMAND [ARGS...]");
  if (command.find('\0') != command.npos) return invalid("the command's name holds a zero byte", "--");
  if (command.find('/') != command.npos) {
    auto absolute = (std::filesystem::path(folder) / command).lexically_normal().string();
    if (const int number = refusal(absolute)) return system_error(number, "cannot execute", command);
    return absolute;
  }
  bool there = false;
  while (!path.empty()) {
    const auto end = std::min(path.find(':'), path.size());
    auto candidate = std::string(path.substr(0, end)) + "/" + command;
    path.remove_prefix(std::min(end + 1, path.size()));
    if (!candidate.starts_with('/')) continue;  // the working folder is no place for commands
    const int number = refusal(candidate);
    if (number == 0) return candidate;
    if (number == EACCES) there = true;
  }
  if (there) return system_error(EACCES, "cannot execute", command);
  Error e = system_error(ENOENT, "no such command", command);
  e.hint = "the guest's PATH is where commands are looked for; --env PATH gives it yours";
  return e;
}

Result<DigestPair> digest_of_program(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return system_error(errno, "cannot read the program", path);
  DigestStream digest;
  const auto buffer = std::make_unique_for_overwrite<std::array<std::byte, piece>>();
  for (;;) {
    const ssize_t n = ::read(file.get(), buffer->data(), buffer->size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(errno, "cannot read the program", path);
    if (n == 0) return digest.finish();
    digest.update(std::span(*buffer).first(static_cast<std::size_t>(n)));
  }
}

}  // namespace writ::guest::process
