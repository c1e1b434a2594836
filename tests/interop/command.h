// Runs another program to its end, without a shell.
#pragma once

#include <string>
#include <vector>

namespace writ::interop {

struct Done {
  int status = -1;     // exit status, or 128+n by signal n
  std::string output;  // both streams
};

// In `folder`; `environment` is NAME=VALUE, added to the caller's.
Done run(const std::vector<std::string>& words, const std::string& folder, const std::vector<std::string>& environment = {});

}  // namespace writ::interop
