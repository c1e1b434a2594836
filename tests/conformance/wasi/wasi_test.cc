// WebAssembly/wasi-testsuite, the programs built for preview 1: each runs as a task with a copy of its folder as its
// workspace, mounted at /, and ends as its specification says. Node's own WASI passes 59 of the 72.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "workshop.h"

namespace writ {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t programs = 72;

struct Case {
  fs::path module;
  nlohmann::json spec = nlohmann::json::object();
};

std::vector<Case> cases(const fs::path& suite) {
  std::vector<Case> found;
  for (const char* language : {"rust", "c", "assemblyscript"})
    for (const auto& e : fs::directory_iterator(suite / "tests" / language / "testsuite" / "wasm32-wasip1")) {
      if (e.path().extension() != ".wasm") continue;
      Case c{e.path()};
      if (auto spec = read_file(fs::path(e.path()).replace_extension(".json"), MiB)) c.spec = nlohmann::json::parse(*spec);
      for (auto i = c.spec.begin(); i != c.spec.end();) i = i.value().is_null() ? c.spec.erase(i) : std::next(i);
      found.push_back(std::move(c));
    }
  std::ranges::sort(found, {}, &Case::module);
  return found;
}

// What is left of earlier runs is none of the test's.
fs::path copy_of(const fs::path& root, const std::string& to) {
  fs::remove_all(to);
  fs::copy(root, to, fs::copy_options::recursive);
  std::vector<fs::path> old;
  for (const auto& e : fs::recursive_directory_iterator(to))
    if (e.path().extension() == ".cleanup") old.push_back(e.path());
  for (const auto& p : old) fs::remove_all(p);
  return to;
}

// What went wrong; empty: nothing.
std::string run(testing::Workshop& shop, const Case& c) {
  testing::Job job{.module = c.module.string()};
  for (const auto& a : c.spec.value("args", nlohmann::json::array())) job.arguments.push_back(a);
  const auto variables = c.spec.value("env", nlohmann::json::object());
  for (const auto& [name, value] : variables.items()) {
    job.environment.push_back(name + "=" + value.get<std::string>());
    job.grants.push_back("env:" + name);
  }
  if (c.spec.contains("root")) {
    const auto work = copy_of(c.module.parent_path() / c.spec["root"].get<std::string>(), shop.folder() + "/work");
    job.grants.push_back("file.read:" + work.string() + "/");
    job.grants.push_back("file.write:" + work.string() + "/");
    job.mounts.push_back({"/", work.string()});
  }
  const auto done = shop.run(job);
  const int wanted = c.spec.value("exit_code", 0);
  if (done.report.outcome.end != guest::End::completed || done.report.outcome.exit_code != wanted) return done.story();
  if (c.spec.contains("stdout") && done.out != c.spec["stdout"].get<std::string>()) return "printed \"" + done.out + "\"";
  if (c.spec.contains("stderr") && done.err != c.spec["stderr"].get<std::string>()) return "said \"" + done.err + "\"";
  if (wanted == 0 && !done.committed()) return "not committed: " + done.report.conflict;
  return {};
}

class WasiTestsuite : public ::testing::TestWithParam<runtime::TierChoice> {};

TEST_P(WasiTestsuite, EveryProgramEndsAsItShould) {
  const char* suite = std::getenv("WRIT_WASI_TESTSUITE");
  if (suite == nullptr || !fs::is_directory(suite)) GTEST_SKIP() << "not covered: no wasi-testsuite (set WRIT_WASI_TESTSUITE)";
  testing::Workshop shop(GetParam());
  const auto all = cases(suite);
  std::size_t passed = 0;
  for (const auto& c : all) {
    const auto wrong = run(shop, c);
    EXPECT_EQ(wrong, "") << c.module.filename();
    if (wrong.empty()) ++passed;
  }
  std::printf("%zu of %zu programs of wasi-testsuite\n", passed, all.size());
  EXPECT_EQ(all.size(), programs);
}

INSTANTIATE_TEST_SUITE_P(Tiers, WasiTestsuite, ::testing::Values(runtime::TierChoice::fast, runtime::TierChoice::best),
                         [](const auto& tier) { return tier.param == runtime::TierChoice::fast ? "Fast" : "Best"; });

}  // namespace
}  // namespace writ
