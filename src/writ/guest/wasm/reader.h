// Reads a WebAssembly binary (core specification 2.0, chapter 5): bounds-checked, canonical, never past its range.
//
// Bytes are hostile. Every read says where it stands in the file if it fails.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "writ/base/result.h"
#include "writ/wire/bytes.h"

namespace writ::guest::wasm {

inline constexpr std::uint32_t entries_max = 1'000'000;  // types, functions, imports, exports, ...; the limit of browsers

class Reader {
 public:
  explicit Reader(BytesView bytes, std::size_t at_in_file = 0) : bytes_(bytes), start_(at_in_file) {}

  bool done() const { return at_ == bytes_.size(); }
  std::size_t left() const { return bytes_.size() - at_; }
  std::size_t position() const { return start_ + at_; }  // in the file

  Result<std::uint8_t> byte();
  Result<std::uint32_t> number();   // unsigned LEB128, 32 bit
  Result<void> skip_number64();     // any LEB128 of up to 64 bits
  Result<BytesView> take(std::uint64_t count);
  Result<std::string> name();       // UTF-8
  Result<Reader> part(std::uint64_t count);  // a reader of the next bytes only
  // How many entries follow; each takes at least `smallest` bytes, so that a lying count cannot make us allocate, and there
  // are at most entries_max, so that an honest one cannot make us allocate twenty times what was read.
  Result<std::uint32_t> count(std::size_t smallest);

  Error malformed(std::string_view what) const;  // here

 private:
  BytesView bytes_;
  std::size_t at_ = 0;
  std::size_t start_;
};

}  // namespace writ::guest::wasm
