// Modules that are not modules: cut anywhere, with lengths that lie, with bytes changed at random. Each is one clear error
// or, if it happens to be valid, a guest like any other; never a crash, and afterwards a clean task runs.
#include <gtest/gtest.h>

#include <random>

#include "fixture.h"

namespace writ::escape {
namespace {

using guest::testing::Machine;

Bytes original() {
  return guest::testing::wat(R"((module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (type $t (func (param i32) (result i32)))
    (memory (export "memory") 1 2) (table 3 5 funcref) (global (mut i64) (i64.const 5))
    (elem (i32.const 0) $f) (data (i32.const 0) "\10\00\00\00\02\00\00\00") (data $p "passive")
    (start $s) (func $s (memory.init $p (i32.const 16) (i32.const 0) (i32.const 7)))
    (func $f (type $t) (block (loop (br_if 1 (i32.eqz (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (br 0))) (local.get 0))
    (func (export "_start") (drop (call_indirect (type $t) (i32.const 9) (i32.const 0)))
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))))", {"--debug-names"});
}

// Whether it was accepted; if so it also ran.
bool survives(Machine& m, BytesView code) {
  const auto image = m.prepare(code);
  if (!image) {
    EXPECT_EQ(image.error().code, Code::invalid) << image.error().text();
    EXPECT_FALSE(image.error().what.empty());
    return false;
  }
  guest::testing::Task task;
  task.limits.time = std::chrono::milliseconds(50);
  task.limits.memory = 64 * MiB;
  (void)m.run(**image, task);  // however it ends
  return true;
}

class Malformed : public ::testing::TestWithParam<guest::wasm::TierChoice> {};

TEST_P(Malformed, CutAnywhere) {
  Machine m({}, {}, GetParam());
  const Bytes whole = original();
  ASSERT_TRUE(survives(m, whole));
  std::size_t accepted = 0;
  for (std::size_t n = 0; n < whole.size(); n += n < 40 ? 1 : 3) accepted += survives(m, BytesView(whole).first(n));
  EXPECT_LE(accepted, 20u) << "only where the name section was cut off, or all sections but empty ones";
  EXPECT_EQ(m.run(whole)->out, "pa");
}

TEST_P(Malformed, LengthsThatLie) {
  Machine m({}, {}, GetParam());
  const Bytes whole = original();
  // The length of each section, made a little and much larger and smaller.
  for (std::size_t at = 8; at + 2 < whole.size();) {
    const auto length = static_cast<unsigned>(whole[at + 1]);
    ASSERT_LT(length, 128u);
    for (const unsigned lie : {0u, length - 1, length + 1, 127u}) {
      if (lie == length) continue;
      Bytes bad = whole;
      bad[at + 1] = static_cast<std::byte>(lie);
      survives(m, bad);
    }
    Bytes huge(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    for (const int b : {0xff, 0xff, 0xff, 0xff, 0x0f}) huge.push_back(static_cast<std::byte>(b));
    huge.insert(huge.end(), whole.begin() + static_cast<std::ptrdiff_t>(at) + 2, whole.end());
    EXPECT_FALSE(survives(m, huge));
    at += 2 + length;
  }
  EXPECT_EQ(m.run(whole)->out, "pa");
}

TEST_P(Malformed, ChangedAtRandom) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  Machine m({}, {}, GetParam());
  const Bytes whole = original();
  for (int i = 0; i < 120; ++i) {
    Bytes bad = whole;
    for (auto k = random() % 3 + 1; k > 0; --k) bad[random() % bad.size()] = static_cast<std::byte>(random());
    survives(m, bad);
  }
  EXPECT_EQ(m.run(whole)->out, "pa");
}

INSTANTIATE_TEST_SUITE_P(Tiers, Malformed, ::testing::Values(guest::wasm::TierChoice::fast, guest::wasm::TierChoice::best),
                         [](const auto& tier) { return tier.param == guest::wasm::TierChoice::fast ? "fast" : "best"; });

}  // namespace
}  // namespace writ::escape
