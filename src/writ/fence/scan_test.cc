// The scan against a plain byte loop, at every offset of the vector steps, and the encodings it has to know.
#include "writ/fence/scan.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>

namespace writ::fence {
namespace {

using Bytes = std::vector<std::uint8_t>;
std::vector<Hit> scan(const Bytes& b) { return fence::scan(std::as_bytes(std::span(b))); }

// What the manuals say, without cleverness.
std::vector<Hit> slow(const Bytes& b) {
  std::vector<Hit> out;
  for (std::size_t i = 0; i + 2 < b.size(); ++i) {
    if (b[i] != 0x0f) continue;
    const int mod = b[i + 2] >> 6, reg = b[i + 2] >> 3 & 7;
    if (b[i + 1] == 1 && b[i + 2] == 0xef) out.push_back({i, Forbidden::wrpkru});
    if (b[i + 1] != 0xae) continue;
    if (mod != 3 && reg == 5) out.push_back({i, Forbidden::xrstor});
    const bool f3 = (i >= 1 && b[i - 1] == 0xf3) || (i >= 2 && b[i - 1] >> 4 == 4 && b[i - 2] == 0xf3);
    if (mod == 3 && (reg == 2 || reg == 3) && f3) out.push_back({i, Forbidden::wrfsgsbase});
  }
  return out;
}

TEST(Scan, KnowsTheEncodings) {
  EXPECT_EQ(scan({0x0f, 0x01, 0xef}), (std::vector<Hit>{{0, Forbidden::wrpkru}}));
  EXPECT_TRUE(scan({0x0f, 0x01, 0xee}).empty());  // RDPKRU
  EXPECT_EQ(scan({0x0f, 0xae, 0x6c, 0x24, 0x40})[0].what, Forbidden::xrstor);
  EXPECT_EQ(scan({0x48, 0x0f, 0xae, 0x2f})[0], (Hit{1, Forbidden::xrstor}));       // XRSTOR64
  EXPECT_TRUE(scan({0x0f, 0xae, 0xe8}).empty());                                   // LFENCE
  EXPECT_TRUE(scan({0x0f, 0xae, 0x20}).empty());                                   // XSAVE
  EXPECT_EQ(scan({0xf3, 0x48, 0x0f, 0xae, 0xd0})[0].what, Forbidden::wrfsgsbase);  // WRFSBASE rax
  EXPECT_EQ(scan({0xf3, 0x0f, 0xae, 0xd8})[0].what, Forbidden::wrfsgsbase);        // WRGSBASE eax
  EXPECT_EQ(scan({0xf3, 0x66, 0x48, 0x0f, 0xae, 0xd0})[0].what, Forbidden::wrfsgsbase);
  EXPECT_TRUE(scan({0xf3, 0x48, 0x0f, 0xae, 0xc0}).empty());  // RDFSBASE
  EXPECT_TRUE(scan({0x0f, 0xae, 0xd0}).empty());
  EXPECT_TRUE(scan({}).empty());
  EXPECT_TRUE(scan({0x0f, 0x01}).empty());
}

TEST(Scan, FindsItAtEveryOffsetAndLength) {
  for (std::size_t n = 3; n < 70; ++n)
    for (std::size_t at = 0; at + 3 <= n; ++at) {
      Bytes b(n, 0x90);
      b[at] = 0x0f, b[at + 1] = 0x01, b[at + 2] = 0xef;
      EXPECT_EQ(scan(b), (std::vector<Hit>{{at, Forbidden::wrpkru}})) << n << ' ' << at;
      EXPECT_EQ(first_forbidden(std::as_bytes(std::span(b))), (Hit{at, Forbidden::wrpkru}));
    }
}

TEST(Scan, AgreesWithThePlainLoop) {
  std::mt19937 random(20261121);
  const Bytes likely{0x0f, 0x01, 0xef, 0xae, 0xf3, 0x48, 0xd0, 0x2f, 0x90, 0x6c};
  for (int round = 0; round < 2000; ++round) {
    Bytes b(random() % 200);
    for (auto& x : b) x = likely[random() % likely.size()];
    // Chains of prefixes before WRFSBASE are judged more strictly than by the plain loop; leave those out.
    for (std::size_t i = 2; i < b.size(); ++i)
      if (b[i] == 0x48 && b[i - 1] == 0x48) b[i] = 0x90;
    EXPECT_EQ(scan(b), slow(b)) << "round " << round;
  }
}

}  // namespace
}  // namespace writ::fence
