// Changes that are accepted have one text, and some of them are changes too.
#include <cstddef>
#include <cstdint>

#include "writ/base/assert.h"
#include "writ/workspace/changes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace writ::workspace;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto changes = parse_changes(text);
  if (!changes) return 0;
  WRIT_ASSERT(text_of(*changes) == text);
  for (const auto& tree : changes->trees) {
    const auto part = only(*changes, {(tree.root == "/" ? "/" : tree.root + "/") + tree.changes.back().path});
    WRIT_ASSERT(part && parse_changes(text_of(*part)));
  }
  return 0;
}
