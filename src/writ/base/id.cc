#include "writ/base/id.h"

#include "writ/base/random.h"

namespace writ {
namespace {
constexpr std::string_view digits = "0123456789abcdef";
}

TaskId TaskId::random() {
  TaskId id;
  fill_random(id.bytes);
  return id;
}

std::optional<TaskId> TaskId::parse(std::string_view hex) {
  TaskId id;
  if (hex.size() != 2 * id.bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    const auto d = digits.find(hex[i]);
    if (d == digits.npos) return std::nullopt;
    id.bytes[i / 2] = static_cast<std::byte>((std::to_integer<unsigned>(id.bytes[i / 2]) << 4) | d);
  }
  return id;
}

std::string TaskId::hex() const {
  std::string s;
  s.reserve(2 * bytes.size());
  for (std::byte b : bytes) {
    s += digits[std::to_integer<unsigned>(b) >> 4];
    s += digits[std::to_integer<unsigned>(b) & 15];
  }
  return s;
}

}  // namespace writ
