// One source file as the house's checks see it, and what they find. Pure: the tree is read in tree_test.cc alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace writ::rooms {

struct Source {
  std::string path;  // from the root of the project, with slashes
  std::string text;
};

struct Finding {
  std::string path;
  std::size_t line = 0;  // from 1; 0: the file as a whole
  std::string what;
  std::string text() const { return path + ":" + std::to_string(line) + ": " + what; }
};

std::vector<std::string_view> lines_of(std::string_view text);

// The same text with every comment blanked (line structure kept), and with string and character literals blanked too.
std::string without_comments(std::string_view text);
std::string without_comments_and_literals(std::string_view text);

}  // namespace writ::rooms
