// Ambient: virtual time and seeded randomness, so that a task is deterministic unless it was granted otherwise.
//
// Virtual time starts at the admission's UTC, advances by a microsecond with every read and by what the task sleeps, and
// never stands still. Random bytes are the ChaCha20 stream (RFC 8439, libsodium) under the task's seed.
// Threads: one task, one thread.   Source: architecture.md section 3.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "writ/base/clock.h"

namespace writ::gate {

inline constexpr Nanoseconds virtual_tick = std::chrono::microseconds(1);

class Ambient {
 public:
  Ambient(WallTime admitted, const std::array<std::byte, 32>& seed) : start_(admitted), seed_(seed) {}

  WallTime wall() { return {start_.ns + tick().count()}; }
  Nanoseconds monotonic() { return tick(); }
  WallTime now() const { return {start_.ns + elapsed_.count()}; }  // without a tick
  void advance(Nanoseconds n);
  void fill_random(std::span<std::byte> out);

 private:
  Nanoseconds tick() { return elapsed_ += virtual_tick; }

  WallTime start_;
  std::array<std::byte, 32> seed_;
  Nanoseconds elapsed_{};
  std::uint64_t drawn_ = 0;  // bytes of the stream already given out
};

}  // namespace writ::gate
