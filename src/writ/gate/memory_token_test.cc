#include "writ/gate/memory_token.h"

#include <gtest/gtest.h>

#include "writ/base/random.h"

namespace writ::gate {
namespace {

struct Tokens : testing::Test {
  std::array<std::byte, 32> seed = [] { std::array<std::byte, 32> s; fill_random(s); return s; }();
  MemorySeal ours{seed, "one"};
  Region region{region_object("orders/a"), 100, 50, 7, 3};
  MemoryToken token = *ours.seal(region);
  bool opens(BytesView t) { return ours.open(t, region.object, 7).has_value(); }
};

TEST_F(Tokens, AreSixtyFourBytesAndSayWhatWasSealed) {
  static_assert(sizeof token == 64);
  const auto opened = ours.open(token, region.object, 7);
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, region);
}

TEST_F(Tokens, EveryChangedBitIsRefused) {
  for (std::size_t bit = 0; bit < 512; ++bit) {
    auto forged = token;
    forged[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    EXPECT_FALSE(opens(forged)) << bit;
  }
}

TEST_F(Tokens, TruncatedExtendedAndForeignOnesAreRefusedAlike) {
  const auto error = ours.open(BytesView(token).first(63), region.object, 7).error();
  Bytes longer(token.begin(), token.end());
  longer.push_back(std::byte{0});
  EXPECT_FALSE(opens(longer));
  for (std::size_t n = 0; n < 64; ++n) EXPECT_FALSE(opens(BytesView(token).first(n)));
  auto other_seed = seed;
  other_seed[0] ^= std::byte{1};
  EXPECT_EQ(MemorySeal(seed, "two").open(token, region.object, 7).error(), error);        // another store
  EXPECT_EQ(MemorySeal(other_seed, "one").open(token, region.object, 7).error(), error);  // another user
  EXPECT_EQ(ours.open(token, region_object("orders/b"), 7).error(), error);
  EXPECT_EQ(ours.open(token, region.object, 8).error(), error);  // its epoch is over
  EXPECT_EQ(ours.open(token, region.object, 6).error(), error);
}

TEST_F(Tokens, WhatIsNoRegionIsNotSealed) {
  for (const Region bad : {Region{{}, 0, 0, 0, 1}, Region{{}, UINT64_MAX, 2, 0, 1}, Region{{}, 0, 1, 0, 0}, Region{{}, 0, 1, 0, 8}})
    EXPECT_FALSE(ours.seal(bad));
}

TEST_F(Tokens, BoundsAreExactAndNothingIsShortened) {
  Bytes object(200, std::byte{1});
  Bytes out(50, std::byte{9});
  EXPECT_TRUE(region.read(object, 0, out));
  EXPECT_EQ(out, Bytes(50, std::byte{1}));
  std::ranges::fill(out, std::byte{9});
  for (const std::uint64_t offset : {std::uint64_t{1}, std::uint64_t{50}, std::uint64_t{51}, UINT64_MAX, UINT64_MAX - 49})
    EXPECT_FALSE(region.read(object, offset, out)) << offset;
  EXPECT_EQ(out, Bytes(50, std::byte{9})) << "a refused read writes nothing";
  EXPECT_TRUE(region.write(object, 49, Bytes(1, std::byte{2})));
  EXPECT_EQ(object[149], std::byte{2});
  EXPECT_FALSE(region.write(object, 49, Bytes(2, std::byte{2})));
  EXPECT_EQ(object[150], std::byte{1});
  EXPECT_FALSE(region.read(std::span(object).first(149), 0, std::span(out).first(1))) << "the object became shorter";
  auto read_only = region;
  read_only.rights = 1;
  EXPECT_EQ(read_only.write(object, 0, Bytes(1)).error().code, Code::denied);
  read_only.rights = 2;
  EXPECT_EQ(read_only.read(object, 0, out).error().code, Code::denied);
}

}  // namespace
}  // namespace writ::gate
