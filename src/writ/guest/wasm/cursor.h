// Reads the code of a module, one operator after the other. What is malformed is said once, at the end: a cursor that ran
// out or met a number that is too long gives zeros from there on, and never reads past its range.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>

#include "writ/base/result.h"
#include "writ/guest/wasm/reader.h"

namespace writ::guest::wasm {

class Cursor {
 public:
  explicit Cursor(BytesView bytes, std::size_t at_in_file = 0) : bytes_(bytes), start_(at_in_file) {}

  bool done() const { return failed_ || at_ == bytes_.size(); }
  bool failed() const { return failed_; }
  std::size_t position() const { return start_ + at_; }
  std::size_t left() const { return failed_ ? 0 : bytes_.size() - at_; }

  std::uint8_t byte() {
    if (done()) {
      failed_ = true;
      return 0;
    }
    return static_cast<std::uint8_t>(bytes_[at_++]);
  }
  std::uint32_t u32() { return static_cast<std::uint32_t>(leb(32, false)); }
  std::int32_t s32() { return static_cast<std::int32_t>(leb(32, true)); }
  std::int64_t s33() { return static_cast<std::int64_t>(leb(33, true)); }
  std::int64_t s64() { return static_cast<std::int64_t>(leb(64, true)); }
  std::uint32_t fixed32() { return static_cast<std::uint32_t>(fixed(4)); }
  std::uint64_t fixed64() { return fixed(8); }
  BytesView take(std::uint32_t count) {
    if (count > left()) {
      failed_ = true;
      return {};
    }
    at_ += count;
    return bytes_.subspan(at_ - count, count);
  }

 private:
  std::uint64_t leb(unsigned bits, bool is_signed) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < bits; shift += 7) {
      const std::uint64_t b = byte();
      value |= (b & 0x7f) << shift;
      if ((b & 0x80) != 0) continue;
      if (shift + 7 > bits && !is_in_range(b, bits - shift, is_signed)) break;
      if (is_signed && (b & 0x40) != 0 && shift + 7 < 64) value |= ~0ull << (shift + 7);
      return value;
    }
    failed_ = true;
    return 0;
  }
  // The bits beyond the number in its last byte are zero, or repeat its sign (core specification 5.2.2).
  static constexpr bool is_in_range(std::uint64_t last, unsigned bits, bool is_signed) {
    if (!is_signed) return last >> bits == 0;
    const std::uint64_t sign_and_more = last >> (bits - 1);
    return sign_and_more == 0 || sign_and_more == 0x7fu >> (bits - 1);
  }
  std::uint64_t fixed(std::uint32_t size) {
    std::uint64_t value = 0;
    const BytesView raw = take(size);
    if (!raw.empty()) std::memcpy(&value, raw.data(), size);
    return value;
  }

  BytesView bytes_;
  std::size_t at_ = 0, start_;
  bool failed_ = false;
};

}  // namespace writ::guest::wasm
