#include "writ/guest/wasm/declaration.h"

#include <gtest/gtest.h>

namespace writ::guest::wasm {
namespace {

std::string custom(std::string_view name, const std::string& body) {
  std::string inside = std::string(1, static_cast<char>(name.size())) + std::string(name) + body;
  std::string size;
  for (auto n = inside.size();; n >>= 7) {
    size += static_cast<char>((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
    if (n <= 0x7f) break;
  }
  return std::string(1, '\0') + size + inside;
}
const std::string header("\0asm\1\0\0\0", 8);

Result<std::optional<std::string>> read(const std::string& module) { return declaration(as_bytes(std::string_view(module))); }

TEST(Declaration, IsTheSectionOfThatName) {
  EXPECT_EQ(**read(header + custom("producers", "x") + custom("writ.manifest", "[grants]\n")), "[grants]\n");
  EXPECT_EQ(*read(header + custom("producers", "x")), std::nullopt);
  EXPECT_EQ(*read("#!/bin/sh\n"), std::nullopt);
  EXPECT_EQ(*read(""), std::nullopt);
}

TEST(Declaration, HostileOnesAreRefused) {
  const auto one = custom("writ.manifest", "a = 1");
  EXPECT_FALSE(read(header + one + one));
  EXPECT_FALSE(read(header + custom("writ.manifest", std::string(70'000, '#'))));
  EXPECT_FALSE(read(header + custom("writ.manifest", "\xff")));
  for (std::size_t n = 1; n < one.size(); ++n) EXPECT_FALSE(read(header + one.substr(0, n))) << n;
}

}  // namespace
}  // namespace writ::guest::wasm
