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

// Digests of programs, each taken once: an interpreter of 90 MB would cost half a second a task. They are kept in a folder that is
// the caller's alone, one small file a program, and believed as long as the program is what it was by device, inode, size and both
// times. Only of programs that root owns and nobody else may write is anything kept, and only if the change is two seconds old: of
// others the times may not tell. What is damaged, or cannot be written, is as if it was not there.
//
// Threads: any; processes: any number.
class ProgramDigests {
 public:
  explicit ProgramDigests(std::string folder) : folder_(std::move(folder)) {}  // made when something is kept; empty: nothing is

  // Of the file's content; links are followed.
  Result<DigestPair> of(const std::string& path) const;

 private:
  std::string folder_;
};

}  // namespace writ::guest::process
