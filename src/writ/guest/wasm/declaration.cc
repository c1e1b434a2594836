#include "writ/guest/wasm/declaration.h"

#include <algorithm>
#include <array>

#include "writ/base/escape.h"
#include "writ/guest/wasm/reader.h"

namespace writ::guest::wasm {
namespace {

constexpr std::string_view section_name = "writ.manifest";
constexpr std::array magic{std::byte{0}, std::byte{'a'}, std::byte{'s'}, std::byte{'m'}};

}  // namespace

Result<std::optional<std::string>> declaration(BytesView module) {
  constexpr std::size_t header = 8;
  std::optional<std::string> found;
  if (module.size() < header || !std::ranges::equal(module.first(magic.size()), magic)) return found;
  Reader reader(module.subspan(header), header);
  while (!reader.done()) {
    WRIT_TRY(const auto id, reader.byte());
    WRIT_TRY(const auto size, reader.number());
    WRIT_TRY(Reader section, reader.part(size));
    if (id != 0) continue;
    const auto name = section.name();
    if (!name || *name != section_name) continue;  // what is wrong with other sections is for the validator to say
    if (found) return invalid("a module with two manifests", std::string(section_name), "it has one custom section of this name");
    if (section.left() > max_declaration.value()) return invalid("a module's manifest is longer than 64KiB", std::string(section_name));
    WRIT_TRY(const auto text, section.take(section.left()));
    if (!is_utf8(as_text(text))) return invalid("a module's manifest is not UTF-8", std::string(section_name));
    found = std::string(as_text(text));
  }
  return found;
}

}  // namespace writ::guest::wasm
