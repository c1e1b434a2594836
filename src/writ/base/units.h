// Strong units: a number that knows what it counts. Only like units add and compare; value() leaves the type.
#pragma once

#include <compare>
#include <cstdint>

namespace writ {

template <class Tag>
class Unit {
 public:
  constexpr Unit() = default;
  constexpr explicit Unit(std::uint64_t v) : value_(v) {}
  constexpr std::uint64_t value() const { return value_; }
  constexpr Unit operator+(Unit o) const { return Unit(value_ + o.value_); }
  constexpr Unit operator-(Unit o) const { return Unit(value_ - o.value_); }
  constexpr Unit& operator+=(Unit o) { value_ += o.value_; return *this; }
  friend constexpr auto operator<=>(Unit, Unit) = default;

 private:
  std::uint64_t value_ = 0;
};

using ByteCount = Unit<struct ByteTag>;
using WasmPageCount = Unit<struct WasmPageTag>;  // 64 KiB each (WebAssembly core 4.2.8)
using ObjectVersion = Unit<struct VersionTag>;   // 0: does not exist; the first write makes 1
using LogIndex = Unit<struct LogIndexTag>;       // position of a leaf in the log, from 0

inline constexpr ByteCount KiB{1024};
inline constexpr ByteCount MiB{1024 * 1024};
inline constexpr ByteCount GiB{1024ull * 1024 * 1024};
constexpr ByteCount operator*(std::uint64_t n, ByteCount b) { return ByteCount(n * b.value()); }

}  // namespace writ
