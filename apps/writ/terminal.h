// TerminalText: a stream of somebody else's bytes made safe for a terminal, piece by piece. Line breaks and tabs stay;
// every other control character, invalid UTF-8 and the bidirectional overrides become visible (base/escape.h). A
// sequence cut between two pieces is put together again.
#pragma once

#include <string>
#include <string_view>

namespace writ::cli {

class TerminalText {
 public:
  std::string add(std::string_view piece);
  std::string end();  // what an unfinished sequence at the end is shown as

 private:
  std::string pending_;
};

bool is_terminal(int fd);

// Bold for a terminal that wants it (NO_COLOR, no-color.org), else the text itself.
std::string emphasised(std::string_view text, int fd);

}  // namespace writ::cli
