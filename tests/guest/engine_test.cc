#include <gtest/gtest.h>

#include "fixture.h"

namespace writ::guest::testing {
namespace {

TEST(Engine, RunsHelloWorld) {
  Machine m;
  const auto r = m.run(wat(R"((module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "hello\n") (data (i32.const 0) "\10\00\00\00\06\00\00\00")
    (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))))"));
  ASSERT_TRUE(r) << r.error().text();
  EXPECT_EQ(r->outcome, Outcome{}) << r->outcome.reason;
  EXPECT_EQ(r->out, "hello\n");
  EXPECT_EQ(r->resources.host_calls, 1u);
  EXPECT_EQ(r->resources.memory, ByteCount(65536));
}

}  // namespace
}  // namespace writ::guest::testing
