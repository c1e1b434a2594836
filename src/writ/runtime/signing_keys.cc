#include "writ/runtime/signing_keys.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "writ/base/fd.h"
#include "writ/base/file.h"
#include "writ/base/id.h"
#include "writ/wire/canonical.h"
#include "writ/wire/digest.h"

namespace writ::runtime {
namespace {

constexpr std::string_view schema = "writ.key/1";
constexpr const char* file_name = "signing-key.json";
constexpr std::string_view retired_schema = "writ.retired-key/1";
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

Result<void> make_folder(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return system_error(errno, "cannot make the folder of keys", folder);
  return check_private(folder, S_IFDIR);
}

Result<std::string> fresh_key(const Clock& clock) {
  WRIT_TRY(const auto key, SigningKey::generate());
  return canonical_json(Json{{"schema", schema}, {"created", rfc3339(clock.wall())}, {"seed", base64(key.seed())}});
}

// Two processes may make a first key at once: whoever links first wins, and both use that one.
Result<void> make_key(const std::string& folder, const std::string& path, const Clock& clock) {
  std::error_code failed;
  std::filesystem::create_directories(std::filesystem::path(folder).parent_path(), failed);
  WRIT_CHECK(make_folder(folder));
  WRIT_TRY(const std::string document, fresh_key(clock));
  const std::string fresh = path + "." + TaskId::random().brief() + ".new";
  WRIT_CHECK(replace_file(fresh, document, 0600));
  const bool linked = ::link(fresh.c_str(), path.c_str()) == 0;
  const int number = errno;
  ::unlink(fresh.c_str());
  if (!linked && number != EEXIST) return system_error(number, "cannot make the signing key", path);
  return {};
}

Result<PublicKey> parse_retired(const std::string& text, const std::string& path) {
  const Error malformed{Code::corrupt, "the file of a retired key is malformed", path, "restore it from a backup, or move it away"};
  const auto json = parse_canonical(text);
  if (!json || !json->is_object() || !json->contains("schema") || (*json)["schema"] != retired_schema || !json->contains("public_key") ||
      !(*json)["public_key"].is_string())
    return malformed;
  const auto bytes = parse_base64((*json)["public_key"].get<std::string>());
  PublicKey key;
  if (!bytes || bytes->size() != key.bytes.size()) return malformed;
  std::ranges::copy(*bytes, key.bytes.begin());
  return key;
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

// First the public half is kept, then the key is replaced: a crash between the two retires a key that still signs, which
// the next rotation does again.
Result<void> rotate_signing_key(const std::string& folder, const Clock& clock) {
  // One at a time: of two at once, one would replace a key that nobody has retired.
  const Fd lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock || ::flock(lock.get(), LOCK_EX) != 0) return system_error(errno, "cannot lock the folder of keys", folder);
  WRIT_TRY(const SigningKey old, load_signing_key(folder, IfAbsent::fail, clock));
  const std::string retired = folder + "/retired";
  WRIT_CHECK(make_folder(retired));
  const Json document{{"schema", retired_schema}, {"public_key", base64(old.public_key().view())}, {"retired", rfc3339(clock.wall())}};
  const std::string name = sha256(old.public_key().view()).hex().substr(0, 16);
  WRIT_CHECK(replace_file(retired + "/" + name + ".json", canonical_json(document), 0600));
  WRIT_TRY(const std::string fresh, fresh_key(clock));
  return replace_file(folder + "/" + file_name, fresh, 0600);
}

Result<std::vector<PublicKey>> retired_keys(const std::string& folder) {
  const std::string retired = folder + "/retired";
  std::vector<PublicKey> keys;
  if (::access(retired.c_str(), F_OK) != 0) return keys;
  WRIT_CHECK(check_private(retired, S_IFDIR));
  std::error_code failed;
  for (std::filesystem::directory_iterator at(retired, failed), end; !failed && at != end; at.increment(failed)) {
    const std::string path = at->path();
    if (!path.ends_with(".json")) continue;  // a file that was being replaced
    WRIT_CHECK(check_private(path, S_IFREG));
    WRIT_TRY(const std::string text, read_file(path, KiB));
    WRIT_TRY(keys.emplace_back(), parse_retired(text, path));
  }
  if (failed) return system_error(failed.value(), "cannot read the folder of retired keys", retired);
  return keys;
}

}  // namespace writ::runtime
