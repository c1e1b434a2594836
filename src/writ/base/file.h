// Whole files: read one with a limit, replace one atomically (write beside it, fsync, rename, fsync the folder).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "writ/base/result.h"
#include "writ/base/units.h"

namespace writ {

// The whole file; `exhausted` beyond the limit. Follows symbolic links: for paths that the operator named.
Result<std::string> read_file(const std::string& path, ByteCount limit);

// `crash`: a process that dies leaves the old file or the new one. `power_cut`: the machine, too. For what can be made anew
// and is checked when it is read, the first is enough and does not wait for the disk.
enum class Survives : std::uint8_t { crash, power_cut };

// Old content or new, never a mix. The folder must exist.
Result<void> replace_file(const std::string& path, std::string_view content, mode_t mode, Survives = Survives::power_cut);

}  // namespace writ
