// What every file of Writ keeps to besides the law of includes: it is one idea of readable length, opens with that idea,
// is finished, and calls what is dangerous only in the room that is there for it. CONVENTIONS.md says why.
#pragma once

#include "source.h"

namespace writ::rooms {

inline constexpr std::size_t kLongestFile = 450;  // lines; 100 is usual, 400 is long
inline constexpr std::size_t kLongestLine = 150;  // columns; 110 is usual

std::vector<Finding> check_tidy(const Source&);
// A path of the machine where something was written has no place in the project. `root` is where this tree lies.
std::vector<Finding> check_paths(const Source&, std::string_view root);

}  // namespace writ::rooms
