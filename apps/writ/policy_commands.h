// What the policy commands and `run` share: a policy file, read and compiled.
#pragma once

#include <memory>
#include <string>

#include "commands.h"
#include "writ/authority/policy/compile.h"

namespace writ::cli {

Result<std::string> read_policy(const std::string& path);  // `-` is standard input
Result<std::shared_ptr<const authority::policy::Program>> load_policy(const std::string& path);

// What --policy names, all at once; null where it is not given.
Status read_policies_of(const Invocation&, std::shared_ptr<const authority::policy::Program>& out);

Status policy_replay(Invocation&);

}  // namespace writ::cli
