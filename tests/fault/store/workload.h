// The work that the fault tests interrupt: commit k writes the number k into three objects and a record, so that a mix of
// two commits is seen at once, and the check of what a store holds afterwards.
#pragma once

#include <cstdint>
#include <string>

#include "writ/store/store.h"

namespace writ::store {

inline constexpr int commits_each_session = 3, sessions = 2;

Result<Sequence> commit_number(Store&, std::uint64_t number);
// The same by a change that takes no notice of its errors.
Result<Sequence> commit_number_heedlessly(Store&, std::uint64_t number);

// The number that the store holds (0: none yet), after every test that it is one commit's and the structure is sound.
// Adds test failures, with `what` in them.
std::uint64_t verified_number(const std::string& folder, const std::string& disk, const std::string& what);

}  // namespace writ::store
