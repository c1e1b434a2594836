// The sealed memory token: 64 bytes that name a region of an object to somebody else in the same store.
//
//   0  object   16 bytes   the first of the SHA-256 of its path
//  16  base      8         little-endian, as the next four
//  24  size      8
//  32  epoch     8         of the object's regions: raising it ends every token that was given out before
//  40  rights    4         1 read, 2 write, 4 execute
//  44  form      4         1
//  48  seal     16         keyed BLAKE2b (RFC 7693) over the store's identity and the 48 bytes before
//
// The key is derived from this user's signing key and the store's identity, so that a token of another store, of another
// user or of nobody does not open. A seal is compared in constant time, and every reason why a token does not open is one
// and the same error: who guesses learns nothing.
//
// A region is exact: reading or writing past its end, or past the object's, is refused as a whole, never shortened.
// Threads: a value.   Source: ../spec/000 Part 2.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "writ/wire/bytes.h"

namespace writ::gate {

inline constexpr std::size_t memory_token_size = 64;
using MemoryToken = std::array<std::byte, memory_token_size>;

enum class RegionRight : std::uint32_t { read = 1, write = 2, execute = 4 };
using RegionObject = std::array<std::byte, 16>;
RegionObject region_object(std::string_view path);

struct Region {
  RegionObject object{};
  std::uint64_t base = 0, size = 0;
  std::uint64_t epoch = 0;
  std::uint32_t rights = 0;  // of RegionRight
  bool has(RegionRight r) const { return (rights & static_cast<std::uint32_t>(r)) != 0; }
  friend bool operator==(const Region&, const Region&) = default;

  // Within the bytes of the object; `denied` without the right, `invalid` if not all of it lies in the region and in them.
  Result<void> read(std::span<const std::byte> object, std::uint64_t offset, std::span<std::byte> out) const;
  Result<void> write(std::span<std::byte> object, std::uint64_t offset, std::span<const std::byte> bytes) const;
};

class MemorySeal {
 public:
  MemorySeal(std::span<const std::byte, 32> signing_seed, std::string_view store_identity);
  ~MemorySeal();
  MemorySeal(const MemorySeal&) = delete;
  MemorySeal& operator=(const MemorySeal&) = delete;

  // `invalid` if base and size do not fit together, or no right is given.
  Result<MemoryToken> seal(const Region&) const;
  // `denied` if it is not a token of this store and this object, or of an epoch before `epoch`.
  Result<Region> open(BytesView token, const RegionObject& object, std::uint64_t epoch) const;

 private:
  std::array<std::byte, 16> mac(std::span<const std::byte, 48> fields) const;
  std::array<unsigned char, 32> key_{};
};

}  // namespace writ::gate
