// Clocks. Wall time is UTC nanoseconds since 1970; monotonic time has no meaning but differences.
// A port, because tests and replays bring their own.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace writ {

using Nanoseconds = std::chrono::nanoseconds;
struct WallTime {
  std::int64_t ns = 0;  // since 1970-01-01T00:00:00Z
  friend auto operator<=>(WallTime, WallTime) = default;
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;
  virtual Nanoseconds monotonic() const = 0;
};
const Clock& system_clock();

// RFC 3339 in UTC with nine digits: 2026-11-21T03:11:43.000000000Z
std::string rfc3339(WallTime);

}  // namespace writ
