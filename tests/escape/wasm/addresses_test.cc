// Every load and store of WebAssembly at every kind of address: the last byte that exists works, the first that does not
// traps, and nothing wraps around. The addresses come from a global, so that no compiler knows them.
#include <gtest/gtest.h>

#include "fixture.h"

namespace writ::escape {
namespace {

struct Operation {
  const char* name;
  unsigned width;
};
constexpr Operation loads[] = {{"i32.load", 4}, {"i32.load8_s", 1}, {"i32.load8_u", 1}, {"i32.load16_s", 2}, {"i32.load16_u", 2},
                               {"i64.load", 8}, {"i64.load8_s", 1}, {"i64.load8_u", 1}, {"i64.load16_s", 2}, {"i64.load16_u", 2},
                               {"i64.load32_s", 4}, {"i64.load32_u", 4}, {"f32.load", 4}, {"f64.load", 8}};
constexpr Operation stores[] = {{"i32.store", 4}, {"i32.store8", 1}, {"i32.store16", 2}, {"i64.store", 8}, {"i64.store8", 1},
                                {"i64.store16", 2}, {"i64.store32", 4}, {"f32.store", 4}, {"f64.store", 8}};

struct Place {
  std::uint32_t address, offset;
  bool exists;
};

constexpr std::uint64_t size = 65536;

std::vector<Place> places(unsigned width) {
  const auto last = static_cast<std::uint32_t>(size - width);
  return {{last, 0, true},           {0, last, true},          {last - 5, 5, true},      {last + 1, 0, false},
          {0, last + 1, false},      {65535 - 3, 4, false},    {65536, 0, false},        {0, 65536, false},
          {0x80000000, 0, false},    {0xffffffff, 0, false},   {0, 0xffffffff, false},   {0xffffffff, 1, false},
          {0xfffffffc, 8, false},    {0xffffffff, 0xffffffff, false}, {1, 0xffffffff, false}, {0x80000000, 0x80000000, false}};
}

std::string constant_of(std::string_view operation) { return std::string(operation.substr(0, 3)) + ".const 1"; }

class Addresses : public ::testing::TestWithParam<guest::wasm::TierChoice> {};

TEST_P(Addresses, EveryLoadAndStoreAtEveryEdge) {
  std::string text = "(module (memory 1) (global $a (mut i32) (i32.const 0))";
  struct Case {
    std::string entry;
    bool exists;
  };
  std::vector<Case> cases;
  const auto add = [&](const Operation& o, bool load) {
    for (const Place& p : places(o.width)) {
      const std::string entry = std::to_string(cases.size()) + " " + o.name + "@" + std::to_string(p.address) + "+" + std::to_string(p.offset);
      const std::string at = " offset=" + std::to_string(p.offset) + " (global.get $a)";
      text += "(func (export \"" + entry + "\") (global.set $a (i32.const " + std::to_string(p.address) + "))";
      text += load ? "(drop (" + std::string(o.name) + at + "))" : "(" + std::string(o.name) + at + " (" + constant_of(o.name) + "))";
      text += ")\n";
      cases.push_back({entry, p.exists});
    }
  };
  for (const auto& o : loads) add(o, true);
  for (const auto& o : stores) add(o, false);

  guest::testing::Machine m({}, {}, GetParam());
  const auto image = m.prepare(guest::testing::wat(text + ")"));
  ASSERT_TRUE(image) << image.error().text();
  for (const Case& c : cases) {
    guest::testing::Task task;
    task.entry = c.entry;
    const auto r = m.run(**image, task);
    ASSERT_TRUE(r) << r.error().text();
    EXPECT_EQ(r->outcome.reason, c.exists ? "" : "out of bounds memory access") << c.entry;
  }
  EXPECT_EQ(cases.size(), 23u * 16u);
}

TEST_P(Addresses, WithoutMemoryThereIsNone) {
  guest::testing::Machine m({}, {}, GetParam());
  const auto r = m.run(guest::testing::wat("(module (memory 0) (func (export \"_start\") (drop (i32.load8_u (i32.const 0)))))"));
  ASSERT_TRUE(r) << r.error().text();
  EXPECT_EQ(r->outcome.reason, "out of bounds memory access");
}

TEST_P(Addresses, WhatMemoryGrewByIsThereAndNoMore) {
  guest::testing::Machine m({}, {}, GetParam());
  guest::testing::Task task;
  task.limits.memory = 4 * GiB;
  const auto r = m.run(guest::testing::wat(R"((module (memory 0) (func (export "_start")
    (if (i32.ne (memory.grow (i32.const 65535)) (i32.const 0)) (then unreachable))
    (i64.store (i32.const 0xfffefff8) (i64.const 1))
    (if (i32.ne (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable)) ;; 65536 pages do not fit a 32-bit size
    (memory.fill (i32.const 0xfffe0000) (i32.const 1) (i32.const 65536))
    (i32.store8 (i32.const 0xffff0000) (i32.const 1)))))"), task);
  ASSERT_TRUE(r) << r.error().text();
  EXPECT_EQ(r->outcome.reason, "out of bounds memory access");
}

INSTANTIATE_TEST_SUITE_P(Tiers, Addresses, ::testing::Values(guest::wasm::TierChoice::fast, guest::wasm::TierChoice::best),
                         [](const auto& tier) { return tier.param == guest::wasm::TierChoice::fast ? "fast" : "best"; });

}  // namespace
}  // namespace writ::escape
