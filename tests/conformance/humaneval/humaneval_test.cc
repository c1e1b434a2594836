// The C++ programs of HumanEval-X as tasks: each is right, so it runs to its end and is committed; with its first
// assertion turned round it ends with 1 and nothing of it is. The programs are compiled here, once each, and kept in the
// build folder under the digest of their text and of what is put before it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "conformance/data.h"
#include "workshop.h"
#include "writ/effect/journal.h"
#include "writ/wire/digest.h"

namespace writ {
namespace {

namespace fs = std::filesystem;
constexpr int programs = 82, with_prompt = 38, with_boost = 22;
const std::string headers = WRIT_SOURCE_DIR "/tests/conformance/humaneval/include";

std::string source_of(int number) {
  std::ifstream lines(conformance::folder("humaneval-x") / "humaneval_cpp_0-81.jsonl");
  std::string line;
  for (int i = 0; i <= number; ++i) std::getline(lines, line);
  const auto p = nlohmann::json::parse(line);
  EXPECT_EQ(p["task_id"], "CPP/" + std::to_string(number));
  const auto text = [&](const char* part) { return p[part].get<std::string>(); };
  return text(number == with_prompt ? "prompt" : "declaration") + text("canonical_solution") + text("test");
}

// The path of the module; several processes may make the same one at once.
std::string compiled(const std::string& source) {
  const std::string before = conformance::text_of(headers + "/prelude.h") + conformance::text_of(headers + "/assert.h");
  const std::string digest = sha256(as_bytes(before + source)).hex();
  const fs::path folder = fs::path(WRIT_BINARY_DIR) / "humaneval", module = folder / (digest + ".wasm");
  if (fs::exists(module)) return module;
  fs::create_directories(folder);
  const std::string mine = (folder / (digest + "." + std::to_string(::getpid()))).string();
  std::ofstream(mine + ".cc") << source;
  // The programs are other people's, so their warnings are not ours to mend. /usr/include is there for Boost, which is
  // headers alone; the C library's own are found first.
  const std::string command = std::string(WRIT_WASM_CLANGXX) + " --target=wasm32-wasi -std=c++17 -O1 -fno-exceptions -w -include " + headers +
                              "/prelude.h -isystem " + headers + " -idirafter /usr/include -Wl,--strip-all " + mine + ".cc -o " + mine + ".wasm";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  fs::remove(mine + ".cc");
  fs::rename(mine + ".wasm", module);
  return module;
}

class HumanEval : public ::testing::TestWithParam<int> {};

TEST_P(HumanEval, ReachesItsVerdict) {
  WRIT_NEED_CONFORMANCE("humaneval-x");
  if (GetParam() == with_boost && !fs::exists("/usr/include/boost/any.hpp"))
    GTEST_SKIP() << "not covered: program 22 of humaneval-x (install libboost-dev)";
  const std::string module = compiled(source_of(GetParam()));
  testing::Workshop shop;

  const auto wrong = shop.run({.module = module, .grants = {"state.write:verdict", "env:NEGATE"}, .environment = {"NEGATE=1"}});
  EXPECT_EQ(wrong.report.outcome.end, guest::End::completed) << wrong.story();
  EXPECT_EQ(wrong.report.outcome.exit_code, 1) << wrong.story();
  EXPECT_NE(wrong.err.find("assertion failed"), std::string::npos);
  EXPECT_FALSE(wrong.committed());
  EXPECT_FALSE(wrong.moved_state());
  EXPECT_FALSE(shop.runtime().get_object("verdict"));

  const auto right = shop.run({.module = module, .grants = {"state.write:verdict", "env:NEGATE"}});
  EXPECT_EQ(right.report.outcome.end, guest::End::completed) << right.story();
  EXPECT_EQ(right.report.outcome.exit_code, 0) << right.story();
  EXPECT_TRUE(right.committed()) << right.story();
  EXPECT_EQ(right.report.denied, 0u);
  EXPECT_EQ(shop.runtime().get_object("verdict").value_or(""), "reached");
}

INSTANTIATE_TEST_SUITE_P(Cpp, HumanEval, ::testing::Range(0, programs));

// All that a receipt holds of what a task did: its end, its output, its journal (of which the effect root is made), its writes.
std::string account(const testing::Done& d) {
  std::string text = d.story();
  for (const auto& e : d.report.journal) text += effect::encode(e) + "\n";
  for (const auto& o : d.report.objects) text += o.path + " " + o.sha256 + "\n";
  return text;
}

class HumanEvalTiers : public ::testing::TestWithParam<int> {};

TEST_P(HumanEvalTiers, GiveTheSame) {
  WRIT_NEED_CONFORMANCE("humaneval-x");
  if (GetParam() == with_boost && !fs::exists("/usr/include/boost/any.hpp"))
    GTEST_SKIP() << "not covered: program 22 of humaneval-x (install libboost-dev)";
  const testing::Job right{.module = compiled(source_of(GetParam())), .grants = {"state.write:verdict", "env:NEGATE"}};
  testing::Job wrong = right;
  wrong.environment = {"NEGATE=1"};
  for (const testing::Job& job : {right, wrong}) {
    const auto ran = [&job](runtime::TierChoice tier) { return account(testing::Workshop(tier).run(job)); };
    EXPECT_EQ(ran(runtime::TierChoice::fast), ran(runtime::TierChoice::best));
  }
}

// Each costs seconds of clang once: a few, or all with WRIT_SOAK=1.
INSTANTIATE_TEST_SUITE_P(Cpp, HumanEvalTiers, ::testing::Range(0, programs, std::getenv("WRIT_SOAK") ? 1 : 27));

}  // namespace
}  // namespace writ
