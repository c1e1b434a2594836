#include "writ/guest/wasm/wasi_descriptor.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace writ::guest::wasm::wasi {
namespace {

Descriptor marked(std::uint64_t mark) { return {Folder{}, 0, 0, 0, mark}; }

TEST(WasiDescriptors, GivesOutTheLowestNumber) {
  Descriptors table(4);
  for (std::uint32_t i = 0; i < 4; ++i) EXPECT_EQ(table.add(marked(i)), i);
  EXPECT_FALSE(table.add(marked(9)));
  EXPECT_TRUE(table.close(1));
  EXPECT_FALSE(table.close(1));
  EXPECT_EQ(table.add(marked(7)), 1u);
  EXPECT_EQ(table.find(1)->offset, 7u);
  EXPECT_EQ(table.find(4), nullptr);
  EXPECT_EQ(table.find(UINT32_MAX), nullptr);
}

TEST(WasiDescriptors, Renumbers) {
  Descriptors table(8);
  for (std::uint32_t i = 0; i < 4; ++i) ASSERT_TRUE(table.add(marked(i)));
  EXPECT_FALSE(table.renumber(1, 5));
  EXPECT_FALSE(table.renumber(5, 1));
  EXPECT_TRUE(table.renumber(2, 2));
  EXPECT_TRUE(table.renumber(3, 1));
  EXPECT_EQ(table.find(1)->offset, 3u);
  EXPECT_EQ(table.find(3), nullptr);
  EXPECT_EQ(table.size(), 3u);
  EXPECT_EQ(table.add(marked(8)), 3u);
}

// Against a plain map, with random steps.
TEST(WasiDescriptors, AgreesWithAModel) {
  std::mt19937 random(7);
  constexpr std::size_t limit = 12;
  Descriptors table(limit);
  std::map<std::uint32_t, std::uint64_t> model;
  for (std::uint64_t step = 0; step < 20000; ++step) {
    const auto a = static_cast<std::uint32_t>(random() % 14), b = static_cast<std::uint32_t>(random() % 14);
    switch (random() % 4) {
      case 0:
      case 1: {
        std::uint32_t lowest = 0;
        while (model.contains(lowest)) ++lowest;
        const auto number = table.add(marked(step));
        ASSERT_EQ(number.has_value(), model.size() < limit);
        if (!number) break;
        ASSERT_EQ(*number, lowest);
        model[lowest] = step;
        break;
      }
      case 2: ASSERT_EQ(table.close(a), model.erase(a) == 1); break;
      case 3: {
        const bool both = model.contains(a) && model.contains(b);
        ASSERT_EQ(table.renumber(a, b), both);
        if (both && a != b) {
          model[b] = model[a];
          model.erase(a);
        }
      }
    }
    for (std::uint32_t i = 0; i < 15; ++i) {
      ASSERT_EQ(table.find(i) != nullptr, model.contains(i));
      if (model.contains(i)) {
        ASSERT_EQ(table.find(i)->offset, model[i]);
      }
    }
  }
}

}  // namespace
}  // namespace writ::guest::wasm::wasi
