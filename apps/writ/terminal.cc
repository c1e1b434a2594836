#include "terminal.h"

#include <unistd.h>

#include <cstdlib>

#include "writ/base/escape.h"

namespace writ::cli {
namespace {

// How many bytes at the end may be the start of a longer UTF-8 sequence.
std::size_t unfinished(std::string_view text) {
  for (std::size_t n = 1; n <= 3 && n <= text.size(); ++n) {
    const auto b = static_cast<unsigned char>(text[text.size() - n]);
    if ((b & 0xc0) == 0x80) continue;
    const std::size_t length = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : b >= 0xc0 ? 2 : 1;
    return length > n ? n : 0;
  }
  return 0;
}

std::string escaped_lines(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of("\n\t", at), text.size());
    out += escape_for_terminal(text.substr(at, end - at));
    if (end < text.size()) out += text[end];
    at = end + 1;
  }
  return out;
}

}  // namespace

std::string TerminalText::add(std::string_view piece) {
  pending_ += piece;
  const std::size_t keep = unfinished(pending_);
  const std::string out = escaped_lines(std::string_view(pending_).substr(0, pending_.size() - keep));
  pending_.erase(0, pending_.size() - keep);
  return out;
}

std::string TerminalText::end() {
  const std::string out = escaped_lines(pending_);
  pending_.clear();
  return out;
}

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

std::string emphasised(std::string_view text, int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  if (!is_terminal(fd) || (no_color && *no_color) || (terminal && std::string_view(terminal) == "dumb"))
    return std::string(text);
  return "\033[1m" + std::string(text) + "\033[0m";
}

}  // namespace writ::cli
