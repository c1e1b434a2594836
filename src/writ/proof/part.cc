#include "writ/proof/part.h"

#include <algorithm>
#include <optional>

#include "writ/base/assert.h"
#include "writ/proof/shorthand.h"
#include "writ/wire/digest.h"

namespace writ::proof {
namespace {

constexpr std::size_t short_name = 8, whole_name = 32;

Error broken(std::string_view what) { return {Code::corrupt, std::string(what), std::string(part_table), "run writ fsck"}; }

Bytes encode(std::string_view text) {
  Bytes out;
  ShorthandWriter(out, {}).text(text);
  return out;
}

// Behind the string that begins at `at`, which is a quotation mark; nothing if it has no end.
std::optional<std::size_t> end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    if (text[at] == '\\') ++at;
  }
  return std::nullopt;
}

// Behind the value that begins at `at`: where a comma or bracket of the level above follows.
std::optional<std::size_t> end_of_value(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      const auto end = end_of_string(text, at);
      if (!end) return std::nullopt;
      at = *end;
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']' || c == ',') && depth == 0) return at;
    if (c == '}' || c == ']') --depth;
    ++at;
  }
  return std::nullopt;
}

}  // namespace

Result<void> put_part(store::Transaction& t, std::string_view text, Bytes& out) {
  const Sha256 name = sha256(as_bytes(text));
  const Bytes encoded = encode(text);
  for (const std::size_t length : {short_name, whole_name}) {
    const BytesView key = name.view().first(length);
    WRIT_TRY(const auto there, t.record(part_table, key));
    if (there && *there != encoded) continue;
    if (!there) WRIT_CHECK(t.put_record(part_table, key, encoded));
    out.push_back(static_cast<std::byte>(length));
    out.insert(out.end(), key.begin(), key.end());
    return {};
  }
  return broken("a part is not the text of its digest");
}

Result<std::string> take_part(const store::View& view, BytesView& in) {
  const std::size_t length = in.empty() ? 0 : std::to_integer<std::size_t>(in[0]);
  if ((length != short_name && length != whole_name) || in.size() < 1 + length) return broken("a stored receipt names no part");
  const BytesView key = in.subspan(1, length);
  in = in.subspan(1 + length);
  WRIT_TRY(const auto bytes, view.record(part_table, key));
  if (!bytes) return broken("a part is missing");
  std::string text;
  ShorthandReader reader(*bytes, {});
  WRIT_CHECK(reader.text(text));
  if (!reader.rest().empty() || !std::ranges::equal(sha256(as_bytes(text)).view().first(length), key))
    return broken("a part is not the text of its digest");
  return text;
}

Shape shape_of(std::string_view object, const std::function<bool(std::string_view)>& changes) {
  WRIT_ASSERT(object.find('\0') == object.npos);
  Shape whole{std::string(object), {}};
  Shape out{"{", {}};
  if (!object.starts_with('{')) return whole;
  for (std::size_t at = 1; at < object.size();) {
    if (object[at] != '"') return whole;
    const auto colon = end_of_string(object, at);
    const auto end = colon ? end_of_value(object, *colon) : std::nullopt;
    if (!end || object[*colon] != ':') return whole;
    const std::string_view name = object.substr(at + 1, *colon - at - 2), value = object.substr(*colon + 1, *end - *colon - 1);
    const bool hole = changes(name);
    out.text += object.substr(at, *colon + 1 - at);
    if (hole) out.values.push_back(value);
    out.text += hole ? std::string_view("\0", 1) : value;
    out.text += object[*end];
    if (object[*end] == '}') return *end + 1 == object.size() ? out : whole;
    at = *end + 1;
  }
  return whole;
}

}  // namespace writ::proof
