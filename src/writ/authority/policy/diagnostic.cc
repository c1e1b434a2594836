#include "writ/authority/policy/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>

#include "writ/base/escape.h"

namespace writ::authority::policy {
namespace {

constexpr std::size_t widest_line = 160;  // of the file, as it is shown

std::string_view line_at(std::string_view text, std::size_t offset, std::size_t& begin) {
  offset = std::min(offset, text.size());
  const auto before = offset == 0 ? text.npos : text.rfind('\n', offset - 1);
  begin = before == text.npos ? 0 : before + 1;
  const auto end = std::min(text.find('\n', begin), text.size());
  auto line = text.substr(begin, end - begin);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// UTF-16 units of valid UTF-8; a byte that is none counts as one.
std::uint32_t utf16_units(std::string_view text) {
  std::uint32_t units = 0;
  while (!text.empty()) {
    const auto n = std::max<std::size_t>(1, utf8_sequence(text));
    units += n == 4 ? 2 : 1;
    text.remove_prefix(n);
  }
  return units;
}

std::size_t characters(std::string_view text) {
  std::size_t n = 0;
  for (; !text.empty(); ++n) text.remove_prefix(std::max<std::size_t>(1, utf8_sequence(text)));
  return n;
}

}  // namespace

std::string render(const Diagnostic& d, std::string_view text, std::string_view file) {
  std::string out = fmt::format("{}:{}:{}: {}", escape_for_terminal(file), d.at.line, d.at.column, d.what);
  if (!d.hint.empty()) out += "; " + d.hint;
  std::size_t begin = 0;
  const auto line = line_at(text, d.at.offset, begin);
  if (line.size() > widest_line) return out;
  const std::size_t at = std::min(d.at.offset - std::min(begin, d.at.offset), line.size());
  const auto marked = line.substr(at, std::max<std::size_t>(1, d.at.length));
  const std::size_t width = std::max<std::size_t>(1, characters(marked));
  std::string shown = escape_for_terminal(line);
  std::replace(shown.begin(), shown.end(), '\t', ' ');
  out += fmt::format("\n  {}\n  {}{}", shown, std::string(characters(escape_for_terminal(line.substr(0, at))), ' '),
                     std::string(width, '^'));
  return out;
}

Range range_of(const Span& span, std::string_view text) {
  const auto position = [&](std::size_t offset) {
    std::size_t begin = 0;
    offset = std::min(offset, text.size());
    line_at(text, offset, begin);
    return Position{static_cast<std::uint32_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(begin), '\n')),
                    utf16_units(text.substr(begin, offset - begin))};
  };
  return {position(span.offset), position(span.offset + span.length)};
}

}  // namespace writ::authority::policy
