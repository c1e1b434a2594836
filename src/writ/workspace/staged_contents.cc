#include "writ/workspace/staged_contents.h"

#include <fcntl.h>

#include <cerrno>
#include <filesystem>
#include <set>

namespace writ::workspace {
namespace {

constexpr std::size_t many_contents = 8;  // from here on their file system is synced as a whole

Result<Fd> open_folder(const std::string& path) {
  Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return system_error(errno, "cannot open a folder for private copies", path);
  return folder;
}

}  // namespace

Result<Fd> keep_contents(Files& files, const Places& places, const TaskId& id, const Changes& changes) {
  if (changes.empty()) return Fd();
  std::set<std::string> wanted;
  for (const auto& tree : changes.trees)
    for (const auto& c : tree.changes)
      if (c.digest) wanted.insert(c.digest->sha256.hex());
  const auto path = places.shadow(id);
  WRIT_TRY(auto held, hold_contents(path));  // there may be only removals, and then no folder yet
  WRIT_TRY(const auto folder, open_folder(path));
  WRIT_TRY(const auto names, files.list(folder));
  const bool at_once = wanted.size() >= many_contents;
  for (const auto& name : names) {
    if (wanted.erase(name) > 0) {
      if (at_once) continue;
      WRIT_TRY(const auto content, files.open(folder, name, O_RDONLY | O_NOFOLLOW));
      WRIT_CHECK(files.sync(content));
      continue;
    }
    WRIT_TRY(const auto there, files.look(folder, name));
    if (kind_of(there) == Kind::file) WRIT_CHECK(files.remove_file(folder, name));
  }
  if (!wanted.empty()) return Error{Code::corrupt, "a content that the task wrote is not there", path + "/" + *wanted.begin(), {}};
  WRIT_CHECK(at_once ? files.sync_file_system(folder) : files.sync(folder));
  WRIT_TRY(const auto above, open_folder(std::filesystem::path(path).parent_path()));
  WRIT_CHECK(files.sync(above));
  return held;
}

}  // namespace writ::workspace
