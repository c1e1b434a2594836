#include "surroundings.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace writ::cli {

Surroundings Surroundings::of_this_process() {
  Surroundings s;
  std::error_code unreachable;
  if (const auto folder = std::filesystem::current_path(unreachable); folder.is_absolute()) s.working_folder = folder.string();
  s.user = ::geteuid();
  for (char** v = environ; v && *v; ++v) s.environment.emplace_back(*v);
  return s;
}

std::optional<std::string> Surroundings::variable(std::string_view name) const {
  for (const std::string& v : environment)
    if (v.size() > name.size() && v[name.size()] == '=' && v.starts_with(name)) return v.substr(name.size() + 1);
  return std::nullopt;
}

std::string Surroundings::absolute(const std::string& path) const {
  return path.starts_with('/') || working_folder.empty() ? path : working_folder + "/" + path;
}

namespace {
Result<std::string> base_folder(const Surroundings& s, const char* variable, const char* below_home) {
  if (const auto set = s.variable(variable); set && !set->empty()) {
    if (!set->starts_with('/'))
      return invalid("not an absolute path: " + *set, variable, "set it to an absolute path or unset it");
    return *set + "/writ";
  }
  const auto home = s.variable("HOME");
  if (!home || !home->starts_with('/'))
    return Error{Code::unavailable,
                 "there is no home folder: HOME is not set to an absolute path",
                 {},
                 std::string("set HOME, or ") + variable};
  return *home + below_home;
}
}  // namespace

Result<std::string> config_folder(const Surroundings& s) { return base_folder(s, "XDG_CONFIG_HOME", "/.config/writ"); }
Result<std::string> data_folder(const Surroundings& s) { return base_folder(s, "XDG_DATA_HOME", "/.local/share/writ"); }

std::string cache_folder(const Surroundings& s) {
  return base_folder(s, "XDG_CACHE_HOME", "/.cache/writ").value_or(std::string());
}

Result<void> make_folders(const std::string& path) {
  for (std::size_t slash = 1; slash != std::string::npos;) {
    slash = path.find('/', slash);
    const std::string part = path.substr(0, slash);
    if (slash != std::string::npos) ++slash;
    if (!part.empty() && ::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      const int number = errno;
      struct stat found {};
      if (::stat(part.c_str(), &found) != 0 || !S_ISDIR(found.st_mode))
        return system_error(number, "cannot make the folder", part);
    }
  }
  return {};
}

}  // namespace writ::cli
