// Violations: how bad breaking a rule is, and what is done to the task that did. Source: ../spec/001 section 7.1.
//
//   log        the effect is refused and on record; the task goes on
//   restrict   besides, the capability drops to its meet with the policy: what it just tried, it can no longer do
//   isolate    the task ends here, all its further effects are refused, and its memory is kept for inspection
//   terminate  the task ends here; nothing of it is kept but its receipt
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace writ::authority::policy {

enum class Severity : std::uint8_t { low, medium, high, critical };
enum class Response : std::uint8_t { log, restrict, isolate, terminate };  // each does more than those before it

inline constexpr std::array<std::string_view, 4> severity_names{"Low", "Medium", "High", "Critical"};
inline constexpr std::array<std::string_view, 4> response_names{"log", "restrict", "isolate", "terminate"};
constexpr std::string_view name(Severity s) { return severity_names[static_cast<std::size_t>(s)]; }
constexpr std::string_view name(Response r) { return response_names[static_cast<std::size_t>(r)]; }

using Responses = std::array<Response, severity_names.size()>;  // by severity
inline constexpr Responses usual_responses{Response::log, Response::restrict, Response::isolate, Response::terminate};

inline constexpr Severity usual_severity = Severity::medium;
// Every third violation of one rule by one task is a step worse, whatever it was at first.
inline constexpr std::uint64_t violations_a_step = 3;
constexpr Severity escalated(Severity first, std::uint64_t violations_before) {
  const auto steps = violations_before / violations_a_step, left = severity_names.size() - 1 - static_cast<std::size_t>(first);
  return static_cast<Severity>(static_cast<std::size_t>(first) + (steps < left ? steps : left));
}
static_assert(escalated(Severity::low, 2) == Severity::low && escalated(Severity::low, 3) == Severity::medium);
static_assert(escalated(Severity::high, 1'000'000) == Severity::critical);

}  // namespace writ::authority::policy
