// The reader of images takes what our linker makes, and survives whatever else it is given.
#include "writ/guest/wasm/elf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "fixture.h"
#include "writ/guest/wasm/translate.h"

namespace writ::guest::testing {
namespace {

class ElfTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const Bytes code = wat(R"((module (memory 1) (table 64 funcref)
      (elem (i32.const 0) $f $g $g $f $f $f $g $g $g $f $g $f $g $g $f $f $f $g $g $g $f $g $f $g $g $f $f $f $g $g $g $f $g)
      (func $f) (func $g (result i32) (i32.const 1)) (func (export "_start") (call_indirect (i32.load (i32.const 0))))))");
    const auto cache = wasm::Cache::open(default_cache());
    ASSERT_TRUE(cache) << cache.error().text();
    const auto module = wasm::parse_module(code);
    const auto tools = wasm::find_toolchain({}, wasm::Tier::best, *cache);
    ASSERT_TRUE(module && tools);
    auto made = wasm::translate(code, *module, *tools, cache->folder());
    ASSERT_TRUE(made) << made.error().text();
    object = std::move(*made);
  }
  Bytes object;
};

TEST_F(ElfTest, AnImageIsTextAndConstants) {
  const auto elf = wasm::read_elf(object);
  ASSERT_TRUE(elf) << elf.error().text();
  std::size_t text = 0, constants = 0;
  for (const auto& p : elf->parts) (p.kind == fence::Segment::Kind::text ? text : constants) += p.size.value();
  EXPECT_GT(text, 0u);
  EXPECT_GT(constants, 0u);
  EXPECT_EQ(elf->relocations.size(), 33u) << "the functions of the element segment";
  EXPECT_TRUE(std::ranges::any_of(elf->functions, [](const auto& s) { return s.name == "image_instantiate"; }));
}

TEST_F(ElfTest, WhatItAcceptsStaysInsideItsBounds) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::size_t headers = 64 + 16 * 56;  // most changes go where they hurt
  for (int i = 0; i < 20'000; ++i) {
    Bytes bad = object;
    for (auto k = random() % 4 + 1; k > 0; --k) bad[random() % (random() % 4 ? headers : bad.size())] = static_cast<std::byte>(random());
    if (random() % 8 == 0) bad.resize(random() % bad.size());
    const auto elf = wasm::read_elf(bad);
    if (!elf) {
      ASSERT_EQ(elf.error().code, Code::corrupt);
      continue;
    }
    for (const auto& p : elf->parts) {
      ASSERT_LE(p.offset + p.size.value(), elf->size.value());
      ASSERT_LE(p.bytes.size(), p.size.value());
    }
    for (const auto& r : elf->relocations) {
      ASSERT_LE(r.offset + 8, elf->size.value());
      ASSERT_LT(r.addend, elf->size.value());
    }
  }
}

TEST_F(ElfTest, OtherObjectsAreRefused) {
  EXPECT_FALSE(wasm::read_elf({}));
  EXPECT_FALSE(wasm::read_elf(to_bytes("\x7f" "ELF")));
  EXPECT_FALSE(wasm::read_elf(file("/proc/self/exe")));
}

}  // namespace
}  // namespace writ::guest::testing
