// The document of a staged task: it has one text, and what is read is written as it was.
#include <cstddef>
#include <cstdint>

#include "writ/base/assert.h"
#include "writ/task/staged_form.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace writ;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto document = read_form<task::staged::Document>(text)) WRIT_ASSERT(write_form(*document) == text);
  if (const auto one = read_form<task::staged::Replacement>(text)) WRIT_ASSERT(write_form(*one) == text);
  return 0;
}
