// Writes the object of an image, for elf.h to read: parts, and the symbols of functions.
#pragma once

#include <string>
#include <vector>

#include "writ/guest/wasm/elf.h"

namespace writ::guest::wasm {

struct NamedFunction {
  std::string name;
  std::uint64_t offset = 0, size = 0;
};

// The parts in order and apart from each other; nothing to relocate.
Bytes write_elf(const std::vector<ElfPart>& parts, const std::vector<NamedFunction>& functions);

}  // namespace writ::guest::wasm
