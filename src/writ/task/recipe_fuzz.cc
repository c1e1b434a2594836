// What a task left to be told again, its recipe and its kept inputs: each has one text, and what is read is written as it was.
#include <cstddef>
#include <cstdint>

#include "writ/base/assert.h"
#include "writ/task/kept_inputs_form.h"
#include "writ/task/recipe_form.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace writ;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto recipe = read_form<task::Recipe>(text)) WRIT_ASSERT(write_form(*recipe) == text);
  if (const auto kept = read_form<task::KeptInputs>(text)) {
    WRIT_ASSERT(write_form(*kept) == text);
    for (const auto& answer : kept->answers)
      if (answer.error) WRIT_ASSERT(!name(answer.error->code).empty());
  }
  return 0;
}
