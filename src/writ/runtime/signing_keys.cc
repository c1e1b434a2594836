#include "writ/runtime/signing_keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "writ/base/fd.h"
#include "writ/base/file.h"
#include "writ/base/id.h"
#include "writ/wire/canonical.h"

namespace writ::runtime {
namespace {

constexpr std::string_view schema = "writ.key/1";
constexpr const char* file_name = "signing-key.json";
constexpr mode_t others = S_IRWXG | S_IRWXO;

Result<void> check_private(const std::string& path, mode_t type) {
  struct stat s{};
  if (::lstat(path.c_str(), &s) != 0) return system_error(errno, "cannot look at", path);
  if ((s.st_mode & S_IFMT) != type) return Error{Code::denied, "not what a key's place should be", path, "move it away"};
  if (s.st_uid != ::geteuid()) return Error{Code::denied, "belongs to another user", path, "keys must be your own"};
  if ((s.st_mode & others) != 0)
    return Error{Code::denied, "others can reach the signing key", path,
                 type == S_IFDIR ? "chmod 700, and consider a new key" : "chmod 600, and consider a new key"};
  return {};
}

Result<SigningKey> parse_key(const std::string& text, const std::string& path) {
  const Error malformed{Code::corrupt, "the signing key's file is malformed", path, "restore it from a backup, or move it away to get a new key"};
  const auto json = parse_canonical(text);
  if (!json || !json->is_object() || !json->contains("schema") || (*json)["schema"] != schema || !json->contains("seed") ||
      !(*json)["seed"].is_string())
    return malformed;
  auto seed = parse_base64((*json)["seed"].get<std::string>());
  if (!seed || seed->size() != SigningKey::seed_size) return malformed;
  return SigningKey::from_seed(std::span<const std::byte, SigningKey::seed_size>(seed->data(), SigningKey::seed_size));
}

// Two processes may make a first key at once: whoever links first wins, and both use that one.
Result<void> make_key(const std::string& folder, const std::string& path, const Clock& clock) {
  std::error_code failed;
  std::filesystem::create_directories(std::filesystem::path(folder).parent_path(), failed);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return system_error(errno, "cannot make the folder of keys", folder);
  WRIT_CHECK(check_private(folder, S_IFDIR));
  WRIT_TRY(const auto key, SigningKey::generate());
  const Json document{{"schema", schema}, {"created", rfc3339(clock.wall())}, {"seed", base64(key.seed())}};
  const std::string fresh = path + "." + TaskId::random().brief() + ".new";
  WRIT_CHECK(replace_file(fresh, canonical_json(document), 0600));
  const bool linked = ::link(fresh.c_str(), path.c_str()) == 0;
  const int number = errno;
  ::unlink(fresh.c_str());
  if (!linked && number != EEXIST) return system_error(number, "cannot make the signing key", path);
  return {};
}

}  // namespace

Result<SigningKey> load_signing_key(const std::string& folder, IfAbsent if_absent, const Clock& clock) {
  const std::string path = folder + "/" + file_name;
  if (::access(path.c_str(), F_OK) != 0) {
    if (if_absent == IfAbsent::fail) return Error{Code::unavailable, "there is no signing key", path, "writ init makes one"};
    WRIT_CHECK(make_key(folder, path, clock));
  }
  WRIT_CHECK(check_private(folder, S_IFDIR));
  WRIT_CHECK(check_private(path, S_IFREG));
  WRIT_TRY(const auto text, read_file(path, KiB));
  return parse_key(text, path);
}

}  // namespace writ::runtime
