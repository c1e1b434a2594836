// Whatever bytes stand where the index of git should be, reading them ends, and an index that names nothing below a
// path does not name the path in another spelling either.
#include <cstddef>
#include <cstdint>

#include "git_index.h"
#include "writ/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto store = writ::cli::index_names(bytes, "sub/.writ");
  const auto file = writ::cli::index_names(bytes, "sub/.writ/writ.db");
  if (store && file && *file) WRIT_ASSERT(*store);
  return 0;
}
