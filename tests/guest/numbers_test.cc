// The same module here and in node's engine must print the same.
#include <gtest/gtest.h>
#include <unistd.h>

#include "fixture.h"
#include "writ/supervise/run.h"

namespace writ::guest::testing {
namespace {

// What V8 (node 20) prints; asked again where node is installed.
constexpr std::string_view expected = "fd95e5a62a6070cd\n";
constexpr const char* node = "/usr/bin/node";

TEST(Numbers, AreThoseOfAnotherEngine) {
  const std::string path = WRIT_TEST_GUESTS "/numbers.wasm";
  for (const auto tier : {wasm::TierChoice::fast, wasm::TierChoice::best}) {
    Machine m({}, {}, tier);
    const auto r = m.run(file(path));
    ASSERT_TRUE(r) << r.error().text();
    EXPECT_EQ(r->outcome, Outcome{}) << r->outcome.reason;
    EXPECT_EQ(r->out, expected);
  }
  if (::access(node, X_OK) != 0) GTEST_SKIP() << "node is not installed: compared with what it printed once";
  supervise::Command c{.program = node, .arguments = {"-e", R"(
    const imports = {wasi_snapshot_preview1: {fd_write(fd, at) {
      const m = new DataView(memory.buffer), p = m.getUint32(at, true), n = m.getUint32(at + 4, true);
      process.stdout.write(Buffer.from(memory.buffer, p, n)); return 0; }}};
    const instance = new WebAssembly.Instance(new WebAssembly.Module(require('fs').readFileSync(process.argv[1])), imports);
    const memory = instance.exports.memory; instance.exports._start();)", path}};
  c.limits.address_space = ByteCount(1ull << 42);  // its engine reserves
  const auto f = supervise::run(c);
  ASSERT_TRUE(f) << f.error().text();
  EXPECT_EQ(f->output, expected) << f->errors;
}

}  // namespace
}  // namespace writ::guest::testing
