#include "discovery.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>

#include "git_index.h"
#include "trust.h"
#include "writ/base/birthplace.h"
#include "writ/base/escape.h"

namespace writ::cli {
namespace {

// A path as it may stand in a command to paste.
std::string quoted(const std::string& path) {
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("/._-+@:,").find(c) != std::string_view::npos;
  };
  std::string text;
  for (const char c : path) {
    if (c == '\'')
      text += "'\\''";
    else
      text += c;
  }
  return std::all_of(path.begin(), path.end(), plain) ? path : "'" + text + "'";
}

std::string real_path(const std::string& path) {
  char resolved[PATH_MAX];
  return ::realpath(path.c_str(), resolved) ? std::string(resolved) : std::string();
}

// The nearest folder, from the working folder upwards, that has an entry .writ; empty if none on this file system.
Result<std::string> nearest_dot_writ(const std::string& start) {
  struct stat first {};
  if (::stat(start.empty() ? "/" : start.c_str(), &first) != 0)
    return system_error(errno, "cannot look at the working folder", start);
  for (std::string folder = start;;) {
    struct stat here {
    }, entry{};
    if (::stat(folder.empty() ? "/" : folder.c_str(), &here) != 0 || here.st_dev != first.st_dev) return std::string();
    std::string candidate = folder + "/.writ";
    if (::lstat(candidate.c_str(), &entry) == 0) return candidate;
    if (errno != ENOENT && errno != EACCES) return system_error(errno, "cannot look for a store", candidate);
    if (folder.empty()) return std::string();
    folder.resize(folder.rfind('/'));
  }
}

Result<StorePlace> vouch(const Surroundings& s, const std::string& dot_writ) {
  WRIT_TRY(const std::string doubt, suspicion(dot_writ, s.user));
  const std::string real = real_path(dot_writ);
  if (doubt.empty()) return StorePlace{real, Origin::found};
  if (!real.empty()) {
    WRIT_TRY(const std::string config, config_folder(s));
    WRIT_TRY(const bool trusted, store_is_trusted(config, real));
    if (trusted) return StorePlace{real, Origin::found};
  }
  return Error{Code::denied, "this store is not used: " + doubt, dot_writ,
               "if it is yours, run: writ trust " + quoted(real.empty() ? dot_writ : real)};
}

// A folder that is no store yet is empty, but for what an `init` leaves that was killed. Anything else, such as compiled images,
// would be taken for the new store's own.
Result<std::string> prepared_by_somebody(const std::string& dot_writ) {
  std::error_code failed;
  for (std::filesystem::directory_iterator i(dot_writ, failed), end; !failed && i != end; i.increment(failed)) {
    const std::string name = i->path().filename().string();
    if (!name.starts_with("writ.db.new") && name != birth_mark_name && name != ".gitignore")
      return "it is no store, and holds " + escape_for_terminal(name) + " all the same";
  }
  if (failed) return system_error(failed.value(), "cannot list", dot_writ);
  return std::string();
}

}  // namespace

Result<std::string> suspicion(const std::string& dot_writ, uid_t user) {
  struct stat found {};
  if (::lstat(dot_writ.c_str(), &found) != 0) return system_error(errno, "cannot look at", dot_writ);
  if (S_ISLNK(found.st_mode)) return std::string("it is a symbolic link");
  if (!S_ISDIR(found.st_mode)) return std::string("it is not a folder");
  if (found.st_uid != user) return "it belongs to user " + std::to_string(found.st_uid) + ", not to you";
  if (found.st_mode & 022) return std::string("others can write it");
  const auto tracked = tracked_by_git(dot_writ);
  if (!tracked) return "nobody can tell whether git tracks it: " + tracked.error().what;
  if (*tracked) return std::string("git tracks it, so it came with the repository");
  const std::string file = dot_writ + "/writ.db";
  const bool is_store = ::lstat(file.c_str(), &found) == 0;
  if (is_store) return was_born_here(dot_writ, file) ? std::string() : std::string("it was not made here, but unpacked or copied from elsewhere");
  return prepared_by_somebody(dot_writ);
}

Result<StorePlace> find_store(const Surroundings& s, const std::optional<std::string>& option) {
  if (option) {
    if (option->empty()) return invalid("the store's folder is empty", "--store", "--store DIR");
    return StorePlace{s.absolute(*option), Origin::option};
  }
  if (const auto variable = s.variable("WRIT_STORE"); variable && !variable->empty())
    return StorePlace{s.absolute(*variable), Origin::variable};
  if (!s.working_folder.empty()) {
    WRIT_TRY(const std::string found, nearest_dot_writ(s.working_folder == "/" ? "" : s.working_folder));
    if (!found.empty()) return vouch(s, found);
  }
  WRIT_TRY(const std::string own, data_folder(s));
  return StorePlace{own, Origin::own};
}

}  // namespace writ::cli
