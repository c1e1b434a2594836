#include "writ/effect/compose.h"

#include <gtest/gtest.h>

#include <random>

namespace writ::effect {
namespace {

Effect read(std::string r, std::uint64_t bytes = 0) { return {Kind::state_read, std::move(r), bytes, 0}; }
Effect write(std::string r, std::uint64_t bytes = 0) { return {Kind::state_write, std::move(r), bytes, 0}; }

TEST(Compose, SumsItsParts) {
  const std::vector<Effect> all{read("b", 2), write("a", 1), read("b", 3), {Kind::clock_real, {}, 0, 0}};
  const auto c = compose(all);
  ASSERT_TRUE(c) << c.error().text();
  EXPECT_EQ(c->count, 4u);
  EXPECT_EQ(c->bytes, 6u);
  ASSERT_EQ(c->parts.size(), 3u);
  EXPECT_EQ(c->parts[2].bytes, 5u);
}

TEST(Compose, NamesThePairThatDoesNotCommute) {
  const std::vector<Effect> all{read("x"), write("a/b"), read("c"), read("a/")};
  const auto c = compose(all);
  ASSERT_FALSE(c);
  EXPECT_EQ(c.error().code, Code::conflict);
  EXPECT_EQ(c.error().what, "state.read:a/ and state.write:a/b do not commute: which comes first makes a difference");
}

TEST(Compose, JoinedFieldsAddUpAndStopAtTheLargest) {
  const auto own = [](std::string to, Fields fields) { return Effect{.kind = Kind::own, .resource = std::move(to), .fields = std::move(fields)}; };
  const std::vector<Effect> all{own("a.pay:x", {{"amount", {5}}}), own("a.pay:y", {{"amount", {1}}}), own("a.pay:x", {{"amount", {7}}, {"fee", {2}}}),
                                own("a.pay:y", {{"amount", largest_decimal}})};
  const auto c = join(all);
  EXPECT_EQ(c.count, 4u);
  ASSERT_EQ(c.parts.size(), 2u);
  EXPECT_EQ(c.parts[0].fields, (Fields{{"amount", {12}}, {"fee", {2}}}));
  EXPECT_EQ(*find(c.parts[1].fields, "amount"), largest_decimal);
  EXPECT_FALSE(compose(all)) << "without an order they conflict";
}

TEST(Compose, WhatCommutes) {
  EXPECT_TRUE(commute(read("a"), read("a")));
  EXPECT_FALSE(commute(read("a"), write("a")));
  EXPECT_FALSE(commute(write("a"), write("a")));
  EXPECT_FALSE(commute(write("a"), write("a/b")));
  EXPECT_TRUE(commute(write("a"), write("ab")));
  EXPECT_FALSE(commute(read(""), write("a")));  // the listing of the top folder
  EXPECT_TRUE(commute({Kind::file_read, "/a", 0, 0}, write("/a")));  // another place
}

// Whatever the order: the same answer as looking at every pair.
TEST(Compose, IsWhatAllPairsSay) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::string names[] = {"", "a", "a/", "a/b", "a/b/c", "ab", "a!", "b", "b/c", "a/b/"};
  const Kind kinds[] = {Kind::state_read, Kind::state_read, Kind::state_read, Kind::state_write, Kind::file_read};
  int conflicts = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<Effect> all;
    for (auto n = 1 + random() % 5; n > 0; --n) all.push_back({kinds[random() % 5], names[random() % 10], 1, 0});
    bool commuting = true;
    for (std::size_t i = 0; i < all.size(); ++i)
      for (std::size_t j = i + 1; j < all.size(); ++j) commuting = commuting && commute(all[i], all[j]);
    ASSERT_EQ(compose(all).has_value(), commuting);
    conflicts += !commuting;
  }
  EXPECT_GT(conflicts, 1000);
}

}  // namespace
}  // namespace writ::effect
