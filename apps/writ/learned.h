// What a run taught: the least manifest that lets the same run pass, made from its journal.
//
// Every line is a literal that the task used; nothing that may hold secrets, nothing that leaves the machine. Those are
// told in comments. No byte that the guest chose stands in it unescaped: a resource is spelled in %XX, as in a grant.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "run_options.h"
#include "writ/runtime/runtime.h"

namespace writ::cli {

struct Learned {
  std::map<std::string, std::set<std::string>> effects;  // kinds of one's own, and the fields that were said
  std::vector<std::string> grants;     // as --grant takes them
  std::vector<std::string> sensitive;  // wanted, but never proposed
  std::vector<std::string> unmet;      // refused for another reason: a deny, a limit
};
Learned learn_from(const std::vector<effect::Entry>& journal);

std::string manifest_text(const Learned&, const task::Spec&, const task::Report&);

}  // namespace writ::cli
