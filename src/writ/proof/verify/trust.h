// Where trusted keys come from: --key, --keys, else the operator's folder $XDG_CONFIG_HOME/writ/trust/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "writ/proof/verify/key.h"

namespace writ::proof {

// Lines of vkeys; empty lines and lines that begin with '#' are skipped. `invalid` names the line that is neither.
Result<std::vector<VerifierKey>> parse_keys(std::string_view text, std::string_view where);
Result<std::vector<VerifierKey>> read_keys_file(const std::string& path);
// Every file of the folder; no keys if there is no such folder.
Result<std::vector<VerifierKey>> read_trust_folder(const std::string& folder);
// $XDG_CONFIG_HOME/writ/trust, else $HOME/.config/writ/trust, from the values of these variables (null: not set);
// `unavailable` if neither is an absolute path.
Result<std::string> trust_folder(const char* xdg_config_home, const char* home);

}  // namespace writ::proof
