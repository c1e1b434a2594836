// The Python programs of HumanEval-X as tasks, unmodified: each is right, so it ends with 0 and what it wrote is committed; with
// its first assertion turned round it ends with 1 and nothing of it is.
#include <gtest/gtest.h>

#include <fstream>

#include "conformance/data.h"
#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

namespace fs = std::filesystem;
constexpr int programs = 82;

std::string source_of(int number) {
  std::ifstream lines(conformance::folder("humaneval-x") / "humaneval_python_0-81.jsonl");
  std::string line;
  for (int i = 0; i <= number; ++i) std::getline(lines, line);
  const auto p = Json::parse(line);
  EXPECT_EQ(p["task_id"], "Python/" + std::to_string(number));
  const std::string verdict = "\nimport os\nopen(os.path.join(os.environ['WRIT_STATE'], 'verdict'), 'w').write('reached')\n";
  return p["prompt"].get<std::string>() + p["canonical_solution"].get<std::string>() + p["test"].get<std::string>() + verdict;
}

// `assert X` becomes `assert not (X)`: by Python itself, which knows where X ends.
std::string negated(const std::string& source) {
  return "import ast\ntree = ast.parse(" + Json(source).dump() + ")\n"
         "first = next(n for n in ast.walk(tree) if isinstance(n, ast.Assert))\n"
         "first.test = ast.UnaryOp(op=ast.Not(), operand=first.test)\n"
         "exec(compile(ast.fix_missing_locations(tree), 'program', 'exec'))\n";
}

class HumanEvalPython : public ::testing::TestWithParam<int> {};

TEST_P(HumanEvalPython, ReachesItsVerdict) {
  WRIT_NEED_CONFORMANCE("humaneval-x");
  if (!fs::exists("/usr/bin/python3")) GTEST_SKIP() << "not covered: python3 is not installed";
  const Place p;
  const std::string source = source_of(GetParam());
  p.file("right.py", source);
  p.file("wrong.py", negated(source));
  const Ended wrong = p.run({"run", "--grant", "state.write:verdict", "wrong.py"});
  EXPECT_EQ(wrong.status, 1) << wrong.err;
  EXPECT_NE(wrong.err.find("AssertionError"), std::string::npos) << wrong.err;
  EXPECT_NE(p.run({"state", "get", "verdict"}).status, 0);
  const Ended right = p.run({"run", "--grant", "state.write:verdict", "right.py"});
  EXPECT_EQ(right.status, 0) << right.err;
  EXPECT_EQ(p.run({"state", "get", "verdict"}).out, "reached");
}

INSTANTIATE_TEST_SUITE_P(Python, HumanEvalPython, ::testing::Range(0, programs));

}  // namespace
}  // namespace writ::cli_test
