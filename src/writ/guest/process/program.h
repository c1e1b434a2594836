// Programs: executables of the host, found as a shell finds them, and named by their content.
#pragma once

#include <string>
#include <string_view>

#include "writ/base/result.h"
#include "writ/wire/digest.h"

namespace writ::guest::process {

// Where commands are looked for inside, unless the guest was given a PATH.
inline constexpr std::string_view default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// The absolute path of a command: with a '/' in it taken from `folder`, else looked for in `path`. `unavailable` if there is
// none, `denied` if it is not executable.
Result<std::string> find_program(const std::string& command, std::string_view path, const std::string& folder);

// Of the file's content; links are followed.
Result<DigestPair> digest_of_program(const std::string& path);

}  // namespace writ::guest::process
