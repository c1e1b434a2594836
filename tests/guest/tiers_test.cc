// Both tiers give the same: every module at hand, with the same arguments and input, ends the same way, prints the same and
// leaves the same journal.
#include <gtest/gtest.h>

#include "fixture.h"
#include "writ/guest/wasm/module.h"

namespace writ::guest::testing {
namespace {

struct Seen {
  std::string name, reason, out, err;
  End end;
  int exit_code;
  std::vector<effect::Entry> journal;
  std::string function, engine;
};

// Every function that can be entered, in modules that need no more than WASI.
std::vector<Seen> run_all(wasm::TierChoice tier, const std::vector<std::string>& modules) {
  Machine machine({}, {}, tier);
  std::vector<Seen> seen;
  for (const std::string& path : modules) {
    const Bytes code = file(path);
    const auto image = machine.prepare(code);
    if (!image) {
      ADD_FAILURE() << path << ": " << image.error().text();
      continue;
    }
    const auto module = wasm::parse_module(code);
    for (const auto& [name, index] : module->exports) {
      Task task;
      task.arguments = {"guest", "one", "two"};
      task.entry = name;
      task.input = "to be or not to be that is the question 3.25 -0x1p-3\n";
      task.limits.time = std::chrono::seconds(300);
      const auto r = machine.run(**image, task);
      if (!r) {
        EXPECT_EQ(r.error().code, Code::invalid) << r.error().text();  // it has parameters
        continue;
      }
      seen.push_back({path + " " + name, r->outcome.reason, r->out, r->err, r->outcome.end, r->outcome.exit_code, r->journal,
                      r->outcome.function, (*image)->engine().name});
    }
  }
  return seen;
}

TEST(Tiers, GiveTheSame) {
  const std::vector<std::string> modules{WRIT_TEST_GUESTS "/numbers.wasm", WRIT_TEST_GUESTS "/library.wasm", WRIT_TEST_GUESTS "/kernels.wasm",
                                         WRIT_TEST_GUESTS "/words.wasm", WRIT_TEST_GUESTS "/streams.wasm", WRIT_TEST_GUESTS "/bits.wasm"};
  const auto fast = run_all(wasm::TierChoice::fast, modules), best = run_all(wasm::TierChoice::best, modules);
  ASSERT_EQ(fast.size(), best.size());
  ASSERT_GT(fast.size(), modules.size());
  for (std::size_t i = 0; i < fast.size(); ++i) {
    SCOPED_TRACE(fast[i].name);
    EXPECT_EQ(fast[i].name, best[i].name);
    EXPECT_EQ(fast[i].engine, "wasm/baseline");
    EXPECT_EQ(best[i].engine, "wasm/clang-14 -O2");
    EXPECT_EQ(fast[i].end, best[i].end);
    EXPECT_EQ(fast[i].exit_code, best[i].exit_code);
    EXPECT_EQ(fast[i].reason, best[i].reason);
    EXPECT_EQ(fast[i].function, best[i].function);
    EXPECT_EQ(fast[i].out, best[i].out);
    EXPECT_EQ(fast[i].err, best[i].err);
    EXPECT_EQ(fast[i].journal, best[i].journal);
  }
}

}  // namespace
}  // namespace writ::guest::testing
