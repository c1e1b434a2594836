// This tree keeps to the law and is tidy. Each finding is one line: file, line, what.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include "law.h"
#include "tidy.h"

namespace writ::rooms {
namespace {

namespace fs = std::filesystem;

bool is_code(const std::string& path) {
  for (const char* ending : {".h", ".cc", ".cpp", ".c", ".S", ".inc", ".js", ".ts", ".mjs"})
    if (path.ends_with(ending)) return true;
  return false;
}
bool is_text(const std::string& path) {
  for (const char* ending : {".md", ".txt", ".cmake", ".sh", ".json", ".toml", ".wat", "/dev", "/run"})
    if (path.ends_with(ending)) return true;
  return is_code(path);
}

std::vector<Source> tree() {
  std::vector<Source> sources;
  const fs::path root(WRIT_SOURCE_DIR);
  for (auto it = fs::recursive_directory_iterator(root); it != fs::recursive_directory_iterator(); ++it) {
    const std::string name = it->path().filename().string();
    if (it->is_directory() && (name == "build" || name == ".git" || name == ".cache" || name == "node_modules")) {
      it.disable_recursion_pending();
      continue;
    }
    const std::string path = fs::relative(it->path(), root).generic_string();
    if (!it->is_regular_file() || !is_text("/" + path)) continue;
    std::ifstream in(it->path(), std::ios::binary);
    sources.push_back({path, {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()}});
  }
  return sources;
}

void expect_none(const std::vector<Finding>& findings) {
  for (const auto& f : findings) ADD_FAILURE() << f.text();
}

TEST(Tree, KeepsTheLawOfRooms) {
  const auto sources = tree();
  std::set<std::string> files;
  std::vector<Finding> findings;
  Law law;
  for (const auto& s : sources) {
    files.insert(s.path);
    if (s.path == "rooms.txt") law = parse_law(s, findings);
  }
  ASSERT_FALSE(law.allowed.empty()) << "rooms.txt was not read";
  std::size_t checked = 0;
  for (const auto& s : sources) {
    if (!is_code(s.path)) continue;
    const auto found = check_includes(law, s, files);
    findings.insert(findings.end(), found.begin(), found.end());
    checked += s.path.starts_with("src/") || s.path.starts_with("apps/") ? 1 : 0;
  }
  EXPECT_GT(checked, 30U) << "the tree was not found";
  expect_none(findings);
}

TEST(Tree, HasNoEmptyRoom) {
  std::vector<Finding> findings;
  const auto sources = tree();
  for (const auto& s : sources) {
    if (!s.path.starts_with("src/writ/") || !s.path.ends_with("CMakeLists.txt")) continue;
    const std::string folder = s.path.substr(0, s.path.rfind('/') + 1);
    if (std::none_of(sources.begin(), sources.end(), [&](const auto& o) { return o.path.starts_with(folder) && is_code(o.path); }))
      findings.push_back({s.path, 0, "a room without code"});
  }
  expect_none(findings);
}

TEST(Tree, IsTidy) {
  for (const auto& s : tree())
    if (is_code(s.path)) expect_none(check_tidy(s));
}

TEST(Tree, NamesNoPathOfOneMachine) {
  for (const auto& s : tree()) expect_none(check_paths(s, WRIT_SOURCE_DIR));
}

// A path in a document is a promise that the file is there: `src/...`, `tests/...` and so on, in backquotes.
TEST(Tree, DocumentsNameFilesThatExist) {
  static const std::regex path_form("`((?:src|tests|apps|docs|examples|scripts|sdk|cmake)/[A-Za-z0-9_./-]*)`");
  std::vector<Finding> findings;
  std::size_t named = 0;
  for (const auto& s : tree()) {
    if (!s.path.ends_with(".md")) continue;
    std::size_t number = 0;
    for (const auto line : lines_of(s.text)) {
      ++number;
      for (std::cregex_iterator it(line.data(), line.data() + line.size(), path_form), end; it != end; ++it, ++named) {
        if (!fs::exists(fs::path(WRIT_SOURCE_DIR) / (*it)[1].str())) findings.push_back({s.path, number, "no file " + (*it)[1].str()});
      }
    }
  }
  EXPECT_GT(named, 20U) << "no document names a file";
  expect_none(findings);
}

}  // namespace
}  // namespace writ::rooms
