// The law of rooms: rooms.txt says who may include whom, and every #include under src/ and apps/ keeps to it.
//
// A room is a folder. A file belongs to the longest room its folder lies in (guest/wasm before guest). The law is one-way:
// a room may name only rooms declared above it, which leaves no place for a cycle.
#pragma once

#include <map>
#include <set>

#include "source.h"

namespace writ::rooms {

struct Law {
  std::map<std::string, std::set<std::string>> allowed;
  // The room of a file (src/writ/<room>/... or apps/<name>/...), or empty.
  std::string room_of(std::string_view path) const;
};

// What is wrong with the law itself is appended to findings.
Law parse_law(const Source& rooms_txt, std::vector<Finding>& findings);

// The includes of one file against the law. `files` are all paths from the root.
std::vector<Finding> check_includes(const Law&, const Source&, const std::set<std::string>& files);

}  // namespace writ::rooms
