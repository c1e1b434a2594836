// What code says that it needs, compared with what it was given, before anything runs.
#pragma once

#include <string>
#include <vector>

#include "manifest.h"
#include "writ/runtime/runtime.h"

namespace writ::cli {

// The words that are missing, as options: "--grant state.read:orders/", "--limit memory=1GiB". A grant is missing unless
// one of `given` covers all of it. The declaration comes from the guest: it grants nothing and decides nothing else.
Result<std::vector<std::string>> missing_words(const std::string& declaration, const task::Spec& spec,
                                               const std::vector<authority::Grant>& given, const std::string& working_folder);

// `denied` with the missing words; fine if the code declares nothing.
Result<void> check_declaration(const runtime::Runtime&, const task::Spec&, const std::string& working_folder);

}  // namespace writ::cli
