// `writ trust DIR`: the store in this folder, refused by discovery, is used from now on.
#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <cstdlib>

#include "commands.h"
#include "trust.h"
#include "writ/base/escape.h"

namespace writ::cli {
namespace {

// DIR may be the folder above .writ or the store itself.
Result<std::string> store_in(const std::string& named) {
  const std::string base = named.size() > 1 && named.ends_with('/') ? named.substr(0, named.size() - 1) : named;
  for (const std::string& candidate : {base + "/.writ", base}) {
    char resolved[PATH_MAX];
    struct stat found {};
    if (!::realpath(candidate.c_str(), resolved)) {
      if (errno == ENOENT || errno == ENOTDIR) continue;
      return system_error(errno, "cannot look at", candidate);
    }
    const bool is_store = candidate != base || base.ends_with("/.writ") || base == ".writ" ||
                          ::stat((base + "/writ.db").c_str(), &found) == 0;
    if (::stat(resolved, &found) == 0 && S_ISDIR(found.st_mode) && is_store) return std::string(resolved);
  }
  return invalid("there is no store to trust in this folder", named, "a folder with .writ/ in it");
}

}  // namespace

Status trust(Invocation& i) {
  WRIT_TRY(const std::string store, store_in(i.surroundings.absolute(i.arguments.operands[0])));
  WRIT_TRY(const std::string config, config_folder(i.surroundings));
  WRIT_CHECK(trust_store(config, store));
  i.output.note("trusted: " + escape_for_terminal(store));
  if (!i.output.text_wanted()) i.output.document({{"schema", "writ.trust/1"}, {"store", json_text(store)}});
  return exit_holds;
}

}  // namespace writ::cli
