// Surroundings: what the command finds around itself (environment, working folder, user) and the folders that follow
// from them (XDG Base Directory Specification 0.8). A value, so that tests bring their own.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/result.h"

namespace writ::cli {

struct Surroundings {
  std::string working_folder;  // absolute; empty if it is gone
  uid_t user = 0;
  std::vector<std::string> environment;  // NAME=VALUE, in the caller's order

  static Surroundings of_this_process();
  std::optional<std::string> variable(std::string_view name) const;
  std::string absolute(const std::string& path) const;
};

// $XDG_CONFIG_HOME/writ and $XDG_DATA_HOME/writ. `unavailable` without HOME, saying what to set; not made here.
Result<std::string> config_folder(const Surroundings&);
Result<std::string> data_folder(const Surroundings&);

// $XDG_CACHE_HOME/writ, where compiled images are shared by all stores of this user; empty without a home: each store
// then keeps its own.
std::string cache_folder(const Surroundings&);

// The folder and those above it, each made with mode 0700 where missing.
Result<void> make_folders(const std::string& path);

}  // namespace writ::cli
