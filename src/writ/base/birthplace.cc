#include "writ/base/birthplace.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "writ/base/file.h"

namespace writ {
namespace {

constexpr ByteCount longest_mark{4096};
constexpr const char* first_line = "writ.born/1\n";

Result<std::string> birth_of(const std::string& path) {
  struct statx s{};
  if (::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &s) != 0) return system_error(errno, "cannot look at", path);
  const bool dated = (s.stx_mask & STATX_BTIME) != 0;
  return std::to_string(s.stx_ino) + (dated ? " " + std::to_string(s.stx_btime.tv_sec) + "." + std::to_string(s.stx_btime.tv_nsec) : "") + "\n";
}

Result<std::string> mark_of(const std::string& folder, const std::string& file) {
  const auto machine = read_file("/etc/machine-id", longest_mark);  // containers often have none
  WRIT_TRY(const auto of_folder, birth_of(folder));
  WRIT_TRY(const auto of_file, birth_of(file));
  return first_line + (machine ? *machine : "") + "\n" + of_folder + of_file;
}

}  // namespace

Result<void> mark_birth(const std::string& folder, const std::string& file) {
  WRIT_TRY(const auto mark, mark_of(folder, file));
  return replace_file(folder + "/" + birth_mark_name, mark, 0600);
}

bool was_born_here(const std::string& folder, const std::string& file) {
  const auto mark = mark_of(folder, file);
  const auto found = read_file(folder + "/" + birth_mark_name, longest_mark);
  return mark && found && *mark == *found;
}

}  // namespace writ
