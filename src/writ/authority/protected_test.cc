#include "writ/authority/protected.h"

#include <gtest/gtest.h>

#include "writ/authority/capability.h"

namespace writ::authority {
namespace {

bool allowed(const std::vector<std::string>& grants, const std::string& path, const std::vector<std::string>& denies = {}) {
  std::vector<Grant> parsed, denied;
  for (const auto& g : grants) parsed.push_back(*parse_grant(g, "/w", {}));
  for (const auto& d : denies) denied.push_back(*parse_grant(d, "/w", {}));
  const CapabilitySet set(parsed, denied, system_clock());
  const effect::Effect e{effect::Kind::file_write, path, 0, 0};
  EXPECT_EQ(set.decide(e).allowed(), set.permits(e.kind, path)) << path;
  return set.decide(e).allowed();
}

TEST(Protected, NeedsAGrantByName) {
  EXPECT_TRUE(allowed({"file.write:/w/"}, "/w/a"));
  EXPECT_TRUE(allowed({"file.write:/w/"}, "/w/.git/objects/ab"));
  EXPECT_TRUE(allowed({"file.write:/w/"}, "/w/.gitignore"));
  EXPECT_TRUE(allowed({"file.write:/w/"}, "/w/hooks/pre-commit"));
  for (const auto* path : {"/w/.git/config", "/w/a/b/.git/hooks/pre-commit", "/w/.git/hooks/", "/w/.git", "/w/.git/", "/w/x/.envrc",
                           "/w/.vscode/", "/w/.vscode/tasks.json", "/w/.mcp.json", "/w/.bashrc", "/w/.GIT/Config", "/w/.Envrc",
                           "/w/.config/fish/config.fish", "/w/.git/modules/m/hooks/x"}) {
    EXPECT_FALSE(allowed({"file.write:/w/"}, path)) << path;
    EXPECT_FALSE(allowed({"file.write:/w/**"}, path)) << path;
    EXPECT_FALSE(allowed({"file.write:/"}, path)) << path;
    ASSERT_NE(protected_name_of(path), nullptr) << path;
  }
  EXPECT_TRUE(allowed({"file.write:/w/.git/hooks/"}, "/w/.git/hooks/pre-commit"));
  EXPECT_FALSE(allowed({"file.write:/w/.git/"}, "/w/.git/hooks/pre-commit")) << "the folder is named, the hooks are not";
  EXPECT_TRUE(allowed({"file.write:/w/.git/"}, "/w/.git/"));
  EXPECT_TRUE(allowed({"file.write:/w/**/.envrc"}, "/w/a/.envrc"));
  EXPECT_FALSE(allowed({"file.write:/w/.env*"}, "/w/.envrc")) << "a wildcard is not a name";
  EXPECT_TRUE(allowed({"file.write:/w/.vscode/"}, "/w/.vscode/tasks.json"));
  EXPECT_FALSE(allowed({"file.write:/w/.vscode/"}, "/w/.vscode/.envrc")) << "each name for itself";
}

TEST(Protected, DeniesAreNotNarrowed) {
  EXPECT_FALSE(allowed({"file.write:/w/.git/hooks/"}, "/w/.git/hooks/x", {"file.write:/w/"}));
}

TEST(Protected, OnlyWritingIsAsked) {
  std::vector<Grant> grants{*parse_grant("file.read:/w/", "/w", {})};
  const CapabilitySet set(grants, {}, system_clock());
  EXPECT_TRUE(set.decide({effect::Kind::file_read, "/w/.git/config", 0, 0}).allowed());
}

}  // namespace
}  // namespace writ::authority
