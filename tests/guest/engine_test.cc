// What guests do and how their runs end: in a real arena, over a real gate.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "fixture.h"

namespace writ::guest::testing {
namespace {

class EngineTest : public ::testing::TestWithParam<wasm::TierChoice> {
 protected:
  Ran run(BytesView code, const Task& task = {}) {
    auto r = machine.run(code, task);
    EXPECT_TRUE(r) << r.error().text();
    return r ? std::move(*r) : Ran{{End::trapped, 0, "not run", ""}, {}, {}, {}, {}};
  }
  Ran run(std::string_view text, const Task& task = {}) { return run(wat(text, {"--debug-names"}), task); }
  // Runs the body of a function named `f` in a module with a page of memory, a table and types.
  Outcome body(const std::string& text) {
    return run(R"((module (memory 1) (table $t 4 funcref) (type $none (func)) (type $one (func (param i32)))
      (func $other (type $one)) (elem (i32.const 1) $other)
      (func $f (export "_start") )" + text + "))").outcome;
  }
  const std::optional<fence::Strength> strongest_before = fence::probe_machine().strongest();  // before the engine takes all keys
  Machine machine{{}, {}, GetParam()};
};
using Engine = EngineTest;
using Trap = EngineTest;

const char* const print = R"(
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $digit (param i32) ;; prints one decimal digit
    (i32.store8 (i32.const 16) (i32.add (local.get 0) (i32.const 48)))
    (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 1))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))";

TEST_P(Engine, UsesTheStrongestFenceOfThisMachine) {
  ASSERT_TRUE(strongest_before);
  EXPECT_EQ(machine.engine().fence(), fence::name(*strongest_before));
}

TEST_P(Engine, RunsHelloWorld) {
  const Ran r = run(R"((module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "hello\n") (data (i32.const 0) "\10\00\00\00\06\00\00\00")
    (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))))");
  EXPECT_EQ(r.outcome, Outcome{}) << r.outcome.reason;
  EXPECT_EQ(r.out, "hello\n");
  EXPECT_EQ(r.resources.host_calls, 1u);
  EXPECT_EQ(r.resources.memory, ByteCount(65536));
}

TEST_P(Engine, RunsCxxWithItsStandardLibrary) {
  Task task{.arguments = {"guest", "argument"}};
  task.input = "the cat and the dog and the bird\n";
  const Ran r = run(file(WRIT_TEST_GUESTS "/library.wasm"), task);
  EXPECT_EQ(r.outcome, (Outcome{End::completed, 3, "", ""})) << r.outcome.reason;
  EXPECT_EQ(r.out, "2 argument 41.586807763583\nand=2\nbird=1\ncat=1\ndog=1\nthe=3\n0 499991 1000002\n") << r.out;
}

TEST_P(Engine, StartsAModuleInTheOrderOfTheSpecification) {
  // Data, then the start function; a reactor's _initialize before any other entry.
  const std::string text = std::string("(module") + print + R"(
    (global $n (mut i32) (i32.const 1)) (data (i32.const 100) "\05")
    (func $first (call $digit (i32.load8_u (i32.const 100)))) (start $first)
    (func (export "_initialize") (call $digit (global.get $n)) (global.set $n (i32.const 2)))
    (func (export "work") (result i64) (call $digit (global.get $n)) (i64.const 0))))";
  EXPECT_EQ(run(text, {.entry = "work"}).out, "512");
  EXPECT_EQ(run(text, {.entry = "_initialize"}).out, "51");
}

TEST_P(Engine, EachRunStartsAfresh) {
  const auto image = machine.prepare(wat(std::string("(module") + print + R"( (global $n (mut i32) (i32.const 0)) (table $t 1 funcref)
    (func $f (export "_start") (call $digit (i32.add (global.get $n) (i32.load (i32.const 1000))))
      (global.set $n (i32.const 3)) (i32.store (i32.const 1000) (i32.const 4)) (table.set $t (i32.const 0) (ref.func $f))
      (if (i32.ne (memory.grow (i32.const 1)) (i32.const 1)) (then unreachable))
      (if (i32.ne (table.grow $t (ref.null func) (i32.const 5)) (i32.const 1)) (then unreachable)))))"));
  ASSERT_TRUE(image) << image.error().text();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(machine.run(**image)->out, "0");
}

TEST_P(Engine, AnEntryThatIsNotThereIsAnErrorWithTheNearest) {
  const auto r = machine.run(wat(R"((module (func (export "main")) (func (export "two") (param i32))))"));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, Code::invalid);
  EXPECT_NE(r.error().text().find("it exports: main"), std::string::npos) << r.error().text();
  const auto near = machine.run(wat(R"((module (func (export "main"))))"), {.entry = "mian"});
  EXPECT_NE(near.error().hint.find("`main`"), std::string::npos) << near.error().text();
  const auto none = machine.run(wat("(module)"));
  EXPECT_NE(none.error().hint.find("reactor"), std::string::npos) << none.error().text();
}

TEST_P(Engine, LaterFeaturesOfTheLanguage) {
  const Ran r = run(R"((module (memory 1) (table $t 3 8 funcref) (table $e 2 externref) (data $d "abcd") (elem $s func $a $b)
    (type $n (func (result i32)))
    (func $a (type $n) (i32.const 7)) (func $b (type $n) (i32.const 9))
    (func $swap (param i32 i64) (result i64 i32) (local.get 1) (local.get 0))
    (func $check (param i32) (if (i32.eqz (local.get 0)) (then unreachable)))
    (func (export "_start") (local i64 i32)
      (call $swap (i32.const 3) (i64.const 4)) (local.set 1) (local.set 0)
      (call $check (i32.eq (local.get 1) (i32.const 3))) (call $check (i64.eq (local.get 0) (i64.const 4)))
      (memory.init $d (i32.const 10) (i32.const 1) (i32.const 3)) (data.drop $d)
      (memory.copy (i32.const 11) (i32.const 10) (i32.const 3))
      (call $check (i32.eq (i32.load (i32.const 10)) (i32.const 0x64636262)))
      (memory.fill (i32.const 9) (i32.const 0xff) (i32.const 2))
      (call $check (i32.eq (i32.load (i32.const 8)) (i32.const 0x62ffff00)))
      (table.init $t $s (i32.const 1) (i32.const 0) (i32.const 2)) (elem.drop $s)
      (call $check (i32.eq (call_indirect $t (type $n) (i32.const 2)) (i32.const 9)))
      (table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 2))
      (call $check (i32.eq (call_indirect $t (type $n) (i32.const 0)) (i32.const 7)))
      (call $check (i32.eq (table.grow $t (ref.func $a) (i32.const 5)) (i32.const 3)))
      (call $check (i32.eq (table.grow $t (ref.null func) (i32.const 1)) (i32.const -1)))
      (call $check (i32.eq (call_indirect $t (type $n) (i32.const 7)) (i32.const 7)))
      (table.fill $t (i32.const 6) (ref.null func) (i32.const 2))
      (call $check (ref.is_null (table.get $t (i32.const 7))))
      (call $check (ref.is_null (table.get $e (i32.const 1))))
      (call $check (i32.eq (table.grow $e (ref.null extern) (i32.const 3)) (i32.const 2)))
      (call $check (i32.eq (i32.trunc_sat_f64_s (f64.const 1e10)) (i32.const 0x7fffffff)))
      (call $check (i64.eqz (i64.trunc_sat_f32_u (f32.const nan))))
      (call $check (i32.eq (i32.extend8_s (i32.const 0x80)) (i32.const -128)))
      (call $check (i64.eq (i64.extend32_s (i64.const 0x80000000)) (i64.const -2147483648))))))");
  EXPECT_EQ(r.outcome, Outcome{}) << r.outcome.reason << " in " << r.outcome.function;
}

TEST_P(Engine, ConstantsOfEveryShape) {
  const Ran r = run(R"((module (memory 1) (global f32 (f32.const -inf)) (global f64 (f64.const nan:0x123)) (global $z (mut f64) (f64.const -0))
    (func (export "_start")
      (f64.store (i32.const 0) (f64.const inf)) (f32.store (i32.const 8) (f32.const -inf))
      (f32.store (i32.const 12) (f32.const nan:0x200001)) (f64.store (i32.const 16) (f64.const 0x1p-1074))
      (f64.store (i32.const 24) (global.get $z)) (i64.store (i32.const 32) (i64.const 0x8000000000000000))
      (if (i64.ne (i64.load (i32.const 0)) (i64.const 0x7ff0000000000000)) (then unreachable))
      (if (i64.ne (i64.load (i32.const 8)) (i64.const 0x7fa00001ff800000)) (then unreachable))
      (if (i64.ne (i64.load (i32.const 16)) (i64.const 1)) (then unreachable))
      (if (i64.ne (i64.load (i32.const 24)) (i64.load (i32.const 32))) (then unreachable)))))");
  EXPECT_EQ(r.outcome, Outcome{}) << r.outcome.reason << " in " << r.outcome.function;
}

TEST_P(Trap, EachKindHasItsNameAndItsFunction) {
  const auto is = [&](const std::string& text, const std::string& reason) {
    const Outcome o = body(text);
    EXPECT_EQ(o.end, End::trapped) << text;
    EXPECT_EQ(o.reason, reason) << text;
    EXPECT_EQ(o.function, "f (#1)") << text;
  };
  is("unreachable", "unreachable");
  is("(drop (i32.div_s (i32.const 1) (i32.load (i32.const 0))))", "integer divide by zero");
  is("(drop (i64.rem_u (i64.const 1) (i64.load (i32.const 0))))", "integer divide by zero");
  is("(i32.store (i32.const 0) (i32.const -1)) (drop (i32.div_s (i32.const 0x80000000) (i32.load (i32.const 0))))", "integer overflow");
  is("(drop (i32.trunc_f64_s (f64.const 1e10)))", "integer overflow");
  is("(drop (i32.trunc_f32_u (f32.const nan)))", "invalid conversion to integer");
  is("(call_indirect (type $none) (i32.const 1))", "indirect call type mismatch");
  is("(call_indirect (type $none) (i32.const 0))", "indirect call type mismatch");
  is("(call_indirect (type $none) (i32.const 4))", "indirect call type mismatch");
  is("(drop (i32.load (i32.const 65533)))", "out of bounds memory access");
  is("(memory.fill (i32.const 65535) (i32.const 0) (i32.const 2))", "out of bounds memory or table access");
  is("(drop (table.get $t (i32.const 4)))", "out of bounds memory or table access");
}

TEST_P(Trap, AnyDepthOfInliningStillNamesAFunctionOfTheModule) {
  const Ran r = run(R"((module (memory 1) (func $leaf (param i32) (i32.store (local.get 0) (i32.const 1)))
    (func $middle (param i32) (call $leaf (i32.add (local.get 0) (i32.const 8)))) (func $top (export "_start") (call $middle (i32.const 65536)))))");
  EXPECT_EQ(r.outcome.reason, "out of bounds memory access");
  EXPECT_NE(r.outcome.function.find("#"), std::string::npos) << r.outcome.function;
}

TEST_P(Trap, WhileStartingToo) {
  EXPECT_EQ(run(R"((module (func $s unreachable) (start $s) (func (export "_start"))))").outcome,
            (Outcome{End::trapped, 0, "unreachable", "s (#0)"}));
  EXPECT_EQ(run(R"((module (memory 1) (data (i32.const 65535) "ab") (func (export "_start"))))").outcome.end, End::trapped);
  EXPECT_EQ(run(R"((module (table 1 funcref) (func $f (export "_start")) (elem (i32.const 1) $f)))").outcome.end, End::trapped);
  EXPECT_EQ(run(R"((module (table 1 funcref) (func $f (export "_start")) (elem (i32.const -1) $f)))").outcome.end, End::trapped);
}

TEST_P(Engine, MemoryEndsAtItsLimit) {
  Task task;
  task.limits.memory = 10 * ByteCount(65536);
  const std::string text = std::string("(module") + print + R"( (func (export "_start")
    (if (i32.eq (memory.grow (i32.const 9)) (i32.const 1)) (then (call $digit (i32.const 1))))
    (i32.store (i32.const 655356) (i32.const 1))
    (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then (call $digit (i32.const 2))))
    (if (i32.eq (memory.size) (i32.const 10)) (then (call $digit (i32.const 3))))))";
  const Ran r = run(text + ")", task);
  EXPECT_EQ(r.out, "123");
  EXPECT_EQ(r.resources.memory, task.limits.memory);
  const Ran too_much = run("(module (memory 11) (func (export \"_start\")))", task);
  EXPECT_EQ(too_much.outcome.end, End::out_of_memory);
  EXPECT_NE(too_much.outcome.reason.find("704KiB"), std::string::npos) << too_much.outcome.reason;
}

TEST_P(Engine, TimeEndsALoopAndNamesIt) {
  Task task;
  task.limits.time = std::chrono::milliseconds(100);
  const Ran r = run("(module (func $spin (export \"_start\") (loop (br 0))))", task);
  EXPECT_EQ(r.outcome, (Outcome{End::timed_out, 0, "out of time", "spin (#0)"}));
  EXPECT_GE(r.resources.time, task.limits.time);
  EXPECT_GE(r.resources.cpu, std::chrono::milliseconds(1));
}

TEST_P(Engine, CancellationFromAnotherThreadEndsIt) {
  Task task;
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    task.cancellation->request();
  });
  const Ran r = run("(module (func (export \"_start\") (loop (br 0))))", task);
  other.join();
  EXPECT_EQ(r.outcome.end, End::cancelled);
  EXPECT_EQ(run("(module (func (export \"_start\") (loop (br 0))))", task).outcome.end, End::cancelled) << "once asked, it stays asked";
}

TEST_P(Engine, StackLimitIsTheTasks) {
  const std::string text = "(module (func $down (param i32) (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1))) "
                           "(global.set 0 (i32.add (global.get 0) (i32.const 1)))))) (global (mut i32) (i32.const 0)) "
                           "(func (export \"_start\") (call $down (i32.const 20000))))";
  Task task;
  EXPECT_TRUE(run(text, task).outcome.success());
  task.limits.stack = 16 * KiB;
  const Outcome o = run(text, task).outcome;
  EXPECT_EQ(o, (Outcome{End::trapped, 0, "call stack exhausted", "down (#0)"}));
}

TEST_P(Engine, OneImageRunsOnSeveralThreadsAtOnce) {
  const auto image = machine.prepare(wat(std::string("(module") + print + R"( (func (export "_start") (local i32)
    (loop (i32.store (i32.const 100) (i32.add (i32.load (i32.const 100)) (i32.const 1)))
      (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 3000000))))
    (call $digit (i32.div_u (i32.load (i32.const 100)) (i32.const 1000000))))))"));
  ASSERT_TRUE(image) << image.error().text();
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  const std::size_t count = std::min<std::size_t>(3, machine.fence().slots());
  for (std::size_t t = 0; t < count; ++t)
    threads.emplace_back([&] {
      const auto guard = machine.fence().guard_thread();
      ASSERT_TRUE(guard) << guard.error().text();
      for (int i = 0; i < 10; ++i) right += machine.run(**image, **guard)->out == "3";
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(right, static_cast<int>(count) * 10);
}

TEST_P(Engine, ATrapPoisonsNothingForTheNext) {
  const auto bad = machine.prepare(wat("(module (memory 1) (func (export \"_start\") (drop (i32.load (i32.const -1)))))"));
  const auto good = machine.prepare(wat(std::string("(module") + print + "(func (export \"_start\") (call $digit (i32.load (i32.const 5000)))))"));
  ASSERT_TRUE(bad && good);
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(machine.run(**bad)->outcome.reason, "out of bounds memory access");
    EXPECT_EQ(machine.run(**good)->out, "0");
  }
}

INSTANTIATE_TEST_SUITE_P(Tiers, Engine, ::testing::Values(wasm::TierChoice::fast, wasm::TierChoice::best),
                         [](const auto& tier) { return tier.param == wasm::TierChoice::fast ? "fast" : "best"; });
INSTANTIATE_TEST_SUITE_P(Tiers, Trap, ::testing::Values(wasm::TierChoice::fast, wasm::TierChoice::best),
                         [](const auto& tier) { return tier.param == wasm::TierChoice::fast ? "fast" : "best"; });

}  // namespace
}  // namespace writ::guest::testing
