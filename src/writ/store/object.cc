#include "writ/store/object.h"

#include <fmt/format.h>

#include "writ/base/escape.h"

namespace writ::store {
namespace {

// C0, DEL and C1 (U+0080..U+009F, which UTF-8 writes as C2 80..9F).
bool has_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7f) return true;
    if (c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

Error bad_path(std::string_view path, std::string what) {
  constexpr std::size_t shown = 120;
  std::string where = escape_for_terminal(path.substr(0, shown));
  if (path.size() > shown) where += "...";
  return invalid("object path " + std::move(what), "'" + where + "'", "segments joined by `/`, like orders/2026-11.json");
}

}  // namespace

Result<void> check_object_path(std::string_view path) {
  if (path.empty()) return bad_path(path, "is empty");
  if (path.size() > max_path_size.value())
    return bad_path(path, fmt::format("is {} bytes long; the limit is {}", path.size(), max_path_size.value()));
  if (!is_utf8(path)) return bad_path(path, "is not UTF-8");
  if (has_control(path)) return bad_path(path, "has a control character");
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    if (segment.empty()) return bad_path(path, "has an empty segment");
    if (segment == "." || segment == "..") return bad_path(path, "has the segment `" + std::string(segment) + "`");
    if (segment.size() > max_path_segment.value())
      return bad_path(path, fmt::format("has a segment of {} bytes; the limit is {}", segment.size(), max_path_segment.value()));
    begin = end + 1;
  }
  return {};
}

Result<void> check_table_name(std::string_view table) {
  constexpr std::size_t longest = 64;
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_'; };
  bool good = !table.empty() && table.size() <= longest && table[0] >= 'a' && table[0] <= 'z';
  for (const char c : table) good = good && fits(c);
  if (good) return {};
  return invalid("not a table name", "'" + escape_for_terminal(table.substr(0, longest)) + "'",
                 "1 to 64 of a-z, 0-9, `.`, `-` and `_`, a letter first");
}

}  // namespace writ::store
