// Sensitive resources: credentials, key stores and secrets of processes, which `writ why` never proposes to grant. Not a
// deny: an operator who names one in a grant gets it. Compared without regard to case; the list errs on the wide side.
#pragma once

#include <span>
#include <string_view>

#include "writ/effect/vocabulary.h"

namespace writ::authority {

struct Sensitive {
  std::string_view pattern;  // as it would stand in a grant of file.read, in lower case
  std::string_view what;
};
std::span<const Sensitive> sensitive_files();
// Words between '_' in the name of an environment variable.
std::span<const std::string_view> sensitive_words();

bool is_sensitive(effect::Kind, std::string_view resource);

}  // namespace writ::authority
