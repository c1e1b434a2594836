// TaskId: 16 random bytes, written as 32 lower-case hex digits. People use a unique prefix of four or more.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace writ {

struct TaskId {
  std::array<std::byte, 16> bytes{};

  static TaskId random();
  static std::optional<TaskId> parse(std::string_view hex);  // exactly 32 lower-case hex digits
  std::string hex() const;
  std::string brief() const { return hex().substr(0, 8); }
  friend auto operator<=>(const TaskId&, const TaskId&) = default;
};

}  // namespace writ
