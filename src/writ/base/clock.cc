#include "writ/base/clock.h"

#include <fmt/format.h>

#include <ctime>

namespace writ {
namespace {

Nanoseconds read(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return std::chrono::seconds(t.tv_sec) + Nanoseconds(t.tv_nsec);
}

class SystemClock final : public Clock {
 public:
  WallTime wall() const override { return {read(CLOCK_REALTIME).count()}; }
  Nanoseconds monotonic() const override { return read(CLOCK_MONOTONIC); }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::string rfc3339(WallTime t) {
  constexpr std::int64_t second = 1'000'000'000;
  std::int64_t s = t.ns / second, ns = t.ns % second;
  if (ns < 0) { ns += second; --s; }
  const std::time_t whole = s;
  std::tm parts{};
  gmtime_r(&whole, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec, ns);
}

}  // namespace writ
