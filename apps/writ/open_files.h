// The descriptors of this process. A guest may hold as many files as its limit says, and each is a descriptor of ours; the
// store, the cache and the fence need some as well, and must not be the ones that go without.
#pragma once

#include <cstdint>

#include "writ/base/result.h"

namespace writ::cli {

// Raises this process's limit so that a guest may hold `files`. `exhausted` if the system allows fewer.
Result<void> make_room_for_files(std::uint64_t files);

}  // namespace writ::cli
