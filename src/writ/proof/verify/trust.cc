#include "writ/proof/verify/trust.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "writ/base/file.h"

namespace writ::proof {
namespace {

constexpr ByteCount max_keys_file = MiB;  // thousands of keys

bool is_absolute(const char* path) { return path != nullptr && path[0] == '/'; }

}  // namespace

Result<std::vector<VerifierKey>> parse_keys(std::string_view text, std::string_view where) {
  std::vector<VerifierKey> keys;
  for (std::size_t line_number = 1; !text.empty(); ++line_number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    auto key = parse_vkey(line);
    if (!key) {
      Error e = std::move(key).error();
      e.where = fmt::format("{}:{}", where, line_number);
      return e;
    }
    keys.push_back(std::move(*key));
  }
  return keys;
}

Result<std::vector<VerifierKey>> read_keys_file(const std::string& path) {
  WRIT_TRY(const std::string text, read_file(path, max_keys_file));
  return parse_keys(text, path);
}

Result<std::vector<VerifierKey>> read_trust_folder(const std::string& folder) {
  std::error_code failure;
  std::vector<std::string> files;
  std::filesystem::directory_iterator at(folder, failure);
  if (failure == std::errc::no_such_file_or_directory) return std::vector<VerifierKey>();
  for (; !failure && at != std::filesystem::directory_iterator(); at.increment(failure)) files.push_back(at->path());
  if (failure) return system_error(failure.value(), "cannot read the folder of trusted keys", folder);
  std::ranges::sort(files);
  std::vector<VerifierKey> keys;
  for (const std::string& file : files) {
    WRIT_TRY(const auto some, read_keys_file(file));
    keys.insert(keys.end(), some.begin(), some.end());
  }
  return keys;
}

Result<std::string> trust_folder(const char* xdg_config_home, const char* home) {
  if (is_absolute(xdg_config_home)) return std::string(xdg_config_home) + "/writ/trust";
  if (is_absolute(home)) return std::string(home) + "/.config/writ/trust";
  return Error{Code::unavailable, "no folder of trusted keys", "HOME", "set HOME or XDG_CONFIG_HOME, or name a key with --key"};
}

}  // namespace writ::proof
