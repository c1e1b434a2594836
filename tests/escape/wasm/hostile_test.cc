// Runs each exported function of the hostile modules: those named ok_... complete, the others end as the table says, and
// after each one a clean task runs in the same process.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>

#include "fixture.h"
#include "writ/guest/wasm/image.h"

namespace writ::escape {
namespace {

using guest::End;
using guest::testing::Machine;
using guest::testing::Ran;
using guest::testing::Task;

class Hostile : public ::testing::TestWithParam<guest::wasm::TierChoice> {
 protected:
  Hostile() : clean_(*machine.prepare(guest::testing::wat(R"((module (memory 1) (func (export "_start")
                (if (i32.load (i32.const 65532)) (then unreachable)))))"))) {}

  using Check = std::function<void(const std::string& name, const Ran&)>;
  void each(const std::string& module, const Task& task, const Check& check) {
    const auto image = machine.prepare(guest::testing::file(WRIT_HOSTILE_MODULES "/" + module + ".wasm"));
    ASSERT_TRUE(image) << image.error().text();
    for (const auto& [name, index] : dynamic_cast<const guest::wasm::WasmImage&>(**image).module().exports) {
      if (name == "_start") continue;
      SCOPED_TRACE(module + "." + name);
      Task one = task;
      one.entry = name;
      const auto r = machine.run(**image, one);
      ASSERT_TRUE(r) << r.error().text();
      if (name.starts_with("ok_")) {
        EXPECT_EQ(r->outcome, guest::Outcome{}) << r->outcome.reason << " in " << r->outcome.function;
      } else {
        check(name, *r);
      }
      expect_clean();
    }
  }
  void expect_clean() {
    const auto r = machine.run(*clean_);
    ASSERT_TRUE(r) << r.error().text();
    EXPECT_TRUE(r->outcome.success()) << "the next task found something: " << r->outcome.reason;
  }
  Machine machine{{}, {}, GetParam()};

 private:
  std::shared_ptr<const guest::Image> clean_;
};

TEST_P(Hostile, StackExhaustion) {
  each("stack", {}, [](const std::string&, const Ran& r) {
    EXPECT_EQ(r.outcome.end, End::trapped);
    EXPECT_EQ(r.outcome.reason, "call stack exhausted");
    EXPECT_NE(r.outcome.function.find('#'), std::string::npos);
  });
}

TEST_P(Hostile, FramesLargerThanTheGuard) {
  // Hundreds of values alive across a call: each frame is larger than the whole stack.
  std::string text = "(module (memory 1) (func $f (export \"_start\")";
  constexpr int values = 700;
  for (int i = 0; i < values; ++i) text += " (local i64)";
  for (int i = 0; i < values; ++i)
    text += " (local.set " + std::to_string(i) + " (i64.load offset=" + std::to_string(i * 8) + " (i32.const 0)))";
  text += " (call $f)";
  for (int i = 0; i < values; ++i)
    text += " (i64.store offset=" + std::to_string(i * 8) + " (i32.const 0) (local.get " + std::to_string(i) + "))";
  Task task;
  task.limits.stack = ByteCount(4096);
  const auto r = machine.run(guest::testing::wat(text + "))"), task);
  ASSERT_TRUE(r) << r.error().text();
  EXPECT_EQ(r->outcome.reason, "call stack exhausted");
  expect_clean();
}

TEST_P(Hostile, Tables) {
  each("table", {}, [](const std::string& name, const Ran& r) {
    const bool by_instruction = std::ranges::any_of(std::array{"get", "set", "fill", "copy", "init"}, [&](auto i) { return name.starts_with(i); });
    EXPECT_EQ(r.outcome.end, End::trapped);
    EXPECT_EQ(r.outcome.reason, by_instruction ? "out of bounds memory or table access" : "indirect call type mismatch");
  });
}

TEST_P(Hostile, BulkMemory) {
  each("bulk", {}, [](const std::string&, const Ran& r) {
    EXPECT_EQ(r.outcome.end, End::trapped);
    EXPECT_EQ(r.outcome.reason, "out of bounds memory or table access");
  });
}

TEST_P(Hostile, EndlessLoops) {
  Task task;
  task.limits.time = std::chrono::milliseconds(60);
  each("loops", task, [&](const std::string&, const Ran& r) {
    EXPECT_EQ(r.outcome.end, End::timed_out) << r.outcome.reason;
    EXPECT_LE(r.resources.memory, task.limits.memory);
  });
}

TEST_P(Hostile, EndlessOutput) {
  Task task;
  task.limits.output = MiB;
  each("printing", task, [&](const std::string&, const Ran& r) {
    EXPECT_EQ(r.outcome.end, End::trapped) << r.outcome.reason;
    EXPECT_LE(r.out.size(), task.limits.output.value());
  });
}

TEST_P(Hostile, WildC) {
  each("wild", {}, [](const std::string& name, const Ran& r) {
    EXPECT_EQ(r.outcome.end, End::trapped);
    EXPECT_EQ(r.outcome.reason, name.starts_with("pointer") ? "indirect call type mismatch" : "out of bounds memory access");
  });
}

TEST_P(Hostile, AHugeBranchTable) {
  constexpr int targets = 1000, entries = 30'000;
  std::string text = "(module (memory 1) (func (export \"_start\") ";
  for (int i = 0; i < targets; ++i) text += "(block ";
  text += "(br_table ";
  for (int i = 0; i < entries; ++i) text += std::to_string(i * 7 % targets) + " ";
  text += "0 (i32.load (i32.const 0)))";
  for (int i = 0; i < targets; ++i) text += ")";
  const auto r = machine.run(guest::testing::wat(text + "))"));
  ASSERT_TRUE(r) << r.error().text();
  EXPECT_TRUE(r->outcome.success()) << r->outcome.reason;
}

TEST_P(Hostile, DeepNestingIsAnAnswerAndNoCrash) {
  for (const std::size_t depth : {200u, 20'000u}) {
    // By hand, because the assembler's own stack ends first: one function of nested blocks, exported as _start.
    const auto number = [](std::size_t n) {  // LEB128 in three bytes
      return std::string{static_cast<char>(n % 128 + 128), static_cast<char>(n / 128 % 128 + 128), static_cast<char>(n / 16384)};
    };
    std::string body(1, '\0');
    for (std::size_t i = 0; i < depth; ++i) body += "\x02\x40";
    body += std::string(depth + 1, '\x0b');
    const std::string function = number(body.size()) + body;
    const std::string module =
        std::string("\0asm\1\0\0\0\1\4\1\x60\0\0\3\2\1\0\7\x0a\1\6_start\0\0\x0a", 31) + number(function.size() + 1) + "\1" + function;
    const auto r = machine.run(to_bytes(module));
    if (r) {
      EXPECT_TRUE(r->outcome.success());
    } else {
      EXPECT_GT(depth, 1000u) << r.error().text();
      EXPECT_TRUE(r.error().code == Code::invalid || r.error().code == Code::exhausted) << r.error().text();
    }
  }
  expect_clean();
}

INSTANTIATE_TEST_SUITE_P(Tiers, Hostile, ::testing::Values(guest::wasm::TierChoice::fast, guest::wasm::TierChoice::best),
                         [](const auto& tier) { return tier.param == guest::wasm::TierChoice::fast ? "fast" : "best"; });

}  // namespace
}  // namespace writ::escape
