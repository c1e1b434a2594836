#include "source.h"

namespace writ::rooms {
namespace {

enum class Literals : unsigned char { keep, blank };

// A scanner over C++ as people here write it: // and /* */, "", '' with escapes, digit separators, and R"tag(...)tag".
std::string blank(std::string_view in, Literals literals) {
  std::string out(in);
  const auto erase = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to && i < out.size(); ++i)
      if (out[i] != '\n') out[i] = ' ';
  };
  const auto word = [&](std::size_t i) { return i < in.size() && (std::isalnum(static_cast<unsigned char>(in[i])) != 0 || in[i] == '_'); };
  std::size_t i = 0;
  while (i < in.size()) {
    if (in.substr(i, 2) == "//") {
      const std::size_t end = std::min(in.find('\n', i), in.size());
      erase(i, end);
      i = end;
    } else if (in.substr(i, 2) == "/*") {
      const std::size_t close = in.find("*/", i + 2);
      const std::size_t end = close == in.npos ? in.size() : close + 2;
      erase(i, end);
      i = end;
    } else if (in.substr(i, 2) == "R\"" && (i == 0 || !word(i - 1))) {
      const std::size_t open = in.find('(', i);
      if (open == in.npos) return out;
      const std::string close = ")" + std::string(in.substr(i + 2, open - i - 2)) + "\"";
      const std::size_t at = in.find(close, open);
      const std::size_t end = at == in.npos ? in.size() : at + close.size();
      if (literals == Literals::blank) erase(i + 2, end - 1);
      i = end;
    } else if (in[i] == '"' || (in[i] == '\'' && (i == 0 || !word(i - 1)))) {
      std::size_t end = i + 1;
      while (end < in.size() && in[end] != in[i] && in[end] != '\n') end += in[end] == '\\' ? 2 : 1;
      if (literals == Literals::blank) erase(i + 1, end);
      i = end + 1;
    } else {
      ++i;
    }
  }
  return out;
}

}  // namespace

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string without_comments(std::string_view text) { return blank(text, Literals::keep); }
std::string without_comments_and_literals(std::string_view text) { return blank(text, Literals::blank); }

}  // namespace writ::rooms
