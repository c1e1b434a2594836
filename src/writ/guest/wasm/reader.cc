#include "writ/guest/wasm/reader.h"

#include <fmt/format.h>

#include "writ/base/escape.h"

namespace writ::guest::wasm {

Error Reader::malformed(std::string_view what) const {
  return invalid(fmt::format("malformed WebAssembly: {}", what), fmt::format("byte {:#x}", position()));
}

Result<std::uint8_t> Reader::byte() {
  if (done()) return malformed("unexpected end");
  return static_cast<std::uint8_t>(bytes_[at_++]);
}

Result<std::uint32_t> Reader::number() {
  std::uint32_t value = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    WRIT_TRY(const std::uint8_t b, byte());
    if (shift == 28 && b > 0x0f) return malformed("a number does not fit 32 bits");
    value |= static_cast<std::uint32_t>(b & 0x7f) << shift;
    if ((b & 0x80) == 0) return value;
  }
  return malformed("a number is too long");
}

Result<void> Reader::skip_number64() {
  for (int i = 0; i < 10; ++i) {
    WRIT_TRY(const std::uint8_t b, byte());
    if ((b & 0x80) == 0) return {};
  }
  return malformed("a number is too long");
}

Result<BytesView> Reader::take(std::uint64_t count) {
  if (count > left()) return malformed("a length reaches past the end");
  const BytesView taken = bytes_.subspan(at_, count);
  at_ += count;
  return taken;
}

Result<std::string> Reader::name() {
  WRIT_TRY(const std::uint32_t size, number());
  WRIT_TRY(const BytesView text, take(size));
  if (!is_utf8(as_text(text))) return malformed("a name is not UTF-8");
  return std::string(as_text(text));
}

Result<Reader> Reader::part(std::uint64_t count) {
  const std::size_t from = position();
  WRIT_TRY(const BytesView inner, take(count));
  return Reader(inner, from);
}

Result<std::uint32_t> Reader::count(std::size_t smallest) {
  WRIT_TRY(const std::uint32_t n, number());
  if (n > left() / smallest) return malformed("a count promises more than there is");
  if (n > entries_max)
    return invalid(fmt::format("the module has {} entries in one section, and {} is the most", n, entries_max),
                   fmt::format("byte {:#x}", position()));
  return n;
}

}  // namespace writ::guest::wasm
