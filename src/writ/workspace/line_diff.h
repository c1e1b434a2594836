// Which lines differ between two texts: the shortest edit script, by Myers (1986, "An O(ND) difference algorithm and its
// variations"), in linear space.
//
// Where texts differ in more than `max_edits` lines the middle of them is one edit, replaced as a whole: right, not shortest.
// Pure; may be called from any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "writ/base/units.h"
#include "writ/workspace/changes.h"

namespace writ::workspace {

inline constexpr std::size_t max_edits = 4096;         // quadratic in this in the worst case: some 20 ms
inline constexpr ByteCount max_text = 4 * MiB;         // longer files are not compared line by line

// Lines with their newline; the last may lack it. Views into the text.
std::vector<std::string_view> split_lines(std::string_view text);
// No NUL and not too long: what a line diff is shown of.
bool is_text(std::string_view);

// Old lines [old_begin, old_end) became new lines [new_begin, new_end). In order, not touching each other.
struct Edit {
  std::size_t old_begin, old_end, new_begin, new_end;
  friend bool operator==(const Edit&, const Edit&) = default;
};
std::vector<Edit> diff_lines(const std::vector<std::string_view>& before, const std::vector<std::string_view>& after);

// Counted; zeros unless both are text.
Lines count_lines(std::string_view before, std::string_view after);

}  // namespace writ::workspace
