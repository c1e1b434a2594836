#include "writ/guest/wasm/forbidden.h"

#include <gtest/gtest.h>

#include <random>

namespace writ::guest::wasm {
namespace {

TEST(HideConstants, ThoseThatHoldTheByteAndNoOthers) {
  EXPECT_EQ(hide_constants("w2c_i0 = 15663375u;"), "w2c_i0 = image_hidden_u32(1371426910u, 1364283729u);");  // 0x00ef010f
  for (const char* same : {"w2c_i0 = 16u;", "case 15: goto B1;", "0x0f, 0x01, 0xef", "w2c_f15u", "x15u = 1.5;", "u32 w2c_l15;", ""})
    EXPECT_EQ(hide_constants(same), same);
  EXPECT_NE(hide_constants("15u").find("u32"), std::string::npos);
  EXPECT_NE(hide_constants("(u64)(w2c_i0) + 3855u").find("image_hidden_u32("), std::string::npos);
  EXPECT_NE(hide_constants("1085102592571150095ull").find("image_hidden_u64("), std::string::npos);
}

TEST(HideConstants, MaskAndMaskedNeverHoldIt) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    // Values full of the byte and of what the masks would make into it.
    std::uint64_t v = 0;
    for (int k = 0; k < 8; ++k) v = v << 8 | (random() % 2 ? 0x0f : (0x51 + random() % 9) ^ 0x0f);
    const std::string text = hide_constants(std::to_string(v) + "ull");
    unsigned long long masked = 0, mask = 0;
    if (text.find("hidden") == std::string::npos) continue;
    ASSERT_EQ(std::sscanf(text.c_str(), "image_hidden_u64(%lluull, %lluull)", &masked, &mask), 2) << text;
    ASSERT_EQ(masked ^ mask, v);
    for (int k = 0; k < 64; k += 8) {
      ASSERT_NE(masked >> k & 0xff, 0x0fu) << v;
      ASSERT_NE(mask >> k & 0xff, 0x0fu) << v;
    }
  }
}

}  // namespace
}  // namespace writ::guest::wasm
