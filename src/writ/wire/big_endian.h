// Numbers as keys: eight bytes, the highest first, so that keys sort like the numbers.
#pragma once

#include <cstdint>

#include "writ/wire/bytes.h"

namespace writ {

inline Bytes big_endian(std::uint64_t n) {
  Bytes out;
  out.reserve(sizeof n);
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::byte>(n >> shift));
  return out;
}

}  // namespace writ
