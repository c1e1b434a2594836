// docs/security-evidence.md names tests that exist, and leaves no threat and no property out.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace writ {
namespace {

std::string read(const std::string& path) {
  std::ifstream file(std::string(WRIT_SOURCE_DIR) + "/" + path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Named {
  std::string suite, name, file;
};

std::vector<Named> tests_named_in(const std::string& page) {
  static const std::regex pattern("`([A-Za-z0-9]+)\\.([A-Za-z0-9_]+)` in `([^`]+)`");
  std::vector<Named> found;
  for (std::sregex_iterator i(page.begin(), page.end(), pattern), end; i != end; ++i)
    found.push_back({(*i)[1], (*i)[2], (*i)[3]});
  return found;
}

bool exists(const Named& n) {
  const std::regex test("TEST(_F|_P)?\\(" + n.suite + ", " + n.name + "\\)");
  return std::regex_search(read(n.file), test);
}

TEST(Evidence, EveryTestThatIsNamedExists) {
  const auto named = tests_named_in(read("docs/security-evidence.md"));
  EXPECT_GT(named.size(), 30u);
  for (const auto& n : named) EXPECT_TRUE(exists(n)) << n.suite << "." << n.name << " in " << n.file;
  EXPECT_FALSE(exists({"Evidence", "ATestThatIsNotThere", "tests/evidence/evidence_test.cc"}));
}

TEST(Evidence, EveryFileThatIsNamedExists) {
  const std::string page = read("docs/security-evidence.md");
  static const std::regex pattern("`((tests|src)/[^`]+\\.[a-z]+)`");
  for (std::sregex_iterator i(page.begin(), page.end(), pattern), end; i != end; ++i)
    EXPECT_TRUE(std::filesystem::exists(std::string(WRIT_SOURCE_DIR) + "/" + (*i)[1].str())) << (*i)[1];
}

TEST(Evidence, NoThreatAndNoPropertyIsLeftOut) {
  std::istringstream page(read("docs/security-evidence.md"));
  std::vector<std::string> missing{"| 1 buffer overflow",
                                   "| 2 memory corruption",
                                   "| 3 privilege escalation",
                                   "| 4 tampering",
                                   "| 5 side channels",
                                   "| 6 rollback",
                                   "| isolation",
                                   "| atomicity",
                                   "| verifiability",
                                   "| unforgeability",
                                   "| supply chain",
                                   "| code injection",
                                   "| privilege escalation",
                                   "| data exfiltration",
                                   "| resource exhaustion"};
  for (std::string line; std::getline(page, line);)
    std::erase_if(missing, [&](const std::string& row) {
      if (!line.starts_with(row)) return false;
      const bool says_something = !tests_named_in(line).empty() || line.find("tests/refuse/") != line.npos;
      EXPECT_TRUE(says_something) << line;
      return true;
    });
  EXPECT_TRUE(missing.empty()) << missing.front();
}

}  // namespace
}  // namespace writ
