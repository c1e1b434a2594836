// Patches: unified diffs of texts, and of files as git writes and takes them.   Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "writ/base/units.h"

namespace writ::runtime {

// What a patch can carry of one file that is not text, or is longer than what is compared by lines.
inline constexpr ByteCount max_patched = 16 * MiB;

// The hunks that lead from one text to the other, with three lines of context; empty if they are equal.
std::string hunks(std::string_view before, std::string_view after);

// A file or a symbolic link, whose content is its target. Git knows of the permission bits whether the owner may execute.
struct Blob {
  enum class Kind : std::uint8_t { file, link } kind = Kind::file;
  std::uint32_t mode = 0;  // permission bits
  std::string content;
};
// A patch that `git apply` takes, from nothing, to nothing or between two; empty if git sees no difference. What became of
// another kind is removed and made anew.
std::string git_patch(std::string_view path, const std::optional<Blob>& before, const std::optional<Blob>& after);

}  // namespace writ::runtime
