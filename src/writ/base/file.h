// Whole files: read one with a limit, replace one atomically (write beside it, fsync, rename, fsync the folder).
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "writ/base/result.h"
#include "writ/base/units.h"

namespace writ {

// The whole file; `exhausted` beyond the limit. Follows symbolic links: for paths that the operator named.
Result<std::string> read_file(const std::string& path, ByteCount limit);

// Old content or new, never a mix, also after a power cut. The folder must exist.
Result<void> replace_file(const std::string& path, std::string_view content, mode_t mode);

}  // namespace writ
