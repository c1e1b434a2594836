// Reads the object that our linker made: segments, relocations, function symbols; and refuses everything else.
//
// An image needs nobody: only relative relocations, no libraries, no constructors, no thread-local storage, and no byte
// that is writable once relocated. It is read as if it were hostile, although it comes from our own linker.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "writ/base/result.h"
#include "writ/fence/fence.h"
#include "writ/wire/bytes.h"

namespace writ::guest::wasm {

struct ElfPart {
  fence::Segment::Kind kind = fence::Segment::Kind::constants;
  std::uint64_t offset = 0;  // in memory, of whole pages
  ByteCount size;            // in memory
  BytesView bytes;           // in the file
};

struct ElfRelocation {
  std::uint64_t offset = 0;  // of the 8 bytes that become base + addend; inside one part of constants
  std::uint64_t addend = 0;  // inside the image
};

struct ElfSymbol {
  std::string_view name;
  std::uint64_t offset = 0, size = 0;
};

struct Elf {
  ByteCount size;
  std::vector<ElfPart> parts;
  std::vector<ElfRelocation> relocations;
  std::vector<ElfSymbol> functions;  // by offset
};

// Views into `file`, which must live on. `corrupt` says what is wrong.
Result<Elf> read_elf(BytesView file);

}  // namespace writ::guest::wasm
