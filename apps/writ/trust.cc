#include "trust.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "surroundings.h"
#include "writ/base/file.h"

namespace writ::cli {
namespace {

constexpr ByteCount largest_file = MiB;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

Result<void> only_mine(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return system_error(errno, "cannot look at", path);
  if (found.st_uid != ::geteuid() && found.st_uid != 0)
    return Error{Code::denied, "it belongs to another user", path, "trust is decided by you alone: move it away"};
  if (found.st_mode & 022)
    return Error{Code::denied, "others can write it", path, "chmod go-w it after a look at what it holds"};
  return {};
}

// `unavailable` is the empty text: nothing was trusted yet.
Result<std::string> read_mine(const std::string& path) {
  auto text = read_file(path, largest_file);
  if (!text && text.error().code == Code::unavailable) return std::string();
  if (text) WRIT_CHECK(only_mine(path));
  return text;
}

}  // namespace

Result<bool> store_is_trusted(const std::string& config_folder, const std::string& store) {
  WRIT_TRY(const std::string text, read_mine(config_folder + "/trusted-stores"));
  const auto lines = lines_of(text);
  return std::ranges::find(lines, store) != lines.end();
}

Result<void> trust_store(const std::string& config_folder, const std::string& store) {
  if (store.find('\n') != std::string::npos) return invalid("a path with a line break cannot be trusted", store);
  WRIT_CHECK(make_folders(config_folder));
  const std::string file = config_folder + "/trusted-stores";
  WRIT_TRY(std::string text, read_mine(file));
  const auto lines = lines_of(text);
  if (std::ranges::find(lines, store) != lines.end()) return {};
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  return replace_file(file, text + store + "\n", 0600);
}

}  // namespace writ::cli
