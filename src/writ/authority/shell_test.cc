// What we print is pasted into shells, so the shells themselves are asked what they make of it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <filesystem>
#include <random>

#include "writ/authority/explain.h"
#include "writ/authority/grant.h"
#include "writ/base/fd.h"
#include "writ/base/file.h"
#include "writ/base/id.h"

namespace writ::authority {
namespace {

const std::vector<std::vector<std::string>> shells{{"bash", "--norc"},
                                                   {"bash", "--norc", "-O", "nullglob"},
                                                   {"bash", "--norc", "-O", "failglob"},
                                                   {"bash", "--norc", "-O", "extglob", "-O", "globstar"},
                                                   {"bash", "--norc", "--posix"},
                                                   {"dash"},
                                                   {"zsh", "-f"},
                                                   {"zsh", "-f", "-o", "extendedglob"}};

class Folder {
 public:
  Folder() { std::filesystem::create_directory(path_); }
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_ = std::filesystem::temp_directory_path() / ("writ-shell-" + TaskId::random().brief());
};

// Standard output of the shell running the script in the folder; nothing if the shell failed or is not here.
std::optional<std::string> run(std::vector<std::string> shell, const Folder& folder, const std::string& script) {
  const std::string file = folder.path() / "script", out = folder.path() / "output";
  EXPECT_TRUE(replace_file(file, "cd " + folder.path().string() + "\n" + script, 0600));
  shell.push_back(file);
  std::vector<char*> arguments;
  for (auto& a : shell) arguments.push_back(a.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  pid_t child = -1;
  const int failed = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return std::nullopt;
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
  const auto text = read_file(out, 16 * MiB);
  return text ? std::optional(*text) : std::nullopt;
}

bool is_here(const std::vector<std::string>& shell, const Folder& folder) { return run(shell, folder, "exit 0\n").has_value(); }

// Grants of exactly one thing with hostile names, and their limits.
std::vector<std::string> hostile_grants() {
  std::mt19937_64 random(3);
  std::vector<std::string> grants{"clock.real,rate=10/s,expires=2027-01-01T00:00:00.000000000Z", "file.read:/"};
  for (int byte = 1; byte < 256; ++byte)
    if (byte != '/')
      grants.push_back(
          "file.read:" +
          Pattern::literal(std::string("/a") + static_cast<char>(byte) + "b", effect::ResourceForm::host_path)->text());
  for (const auto* name : {"~", "~root", "=ls", "*", "a*", "{a,b}", "a=~", "!!", "!1", "^a^b", "-n", "$HOME", "`ls`", "@(a|b)",
                           "+(a)", "a:~", "#x", "%1", "<(ls)"})
    for (const auto* kind : {"state.read:", "file.read:/"}) grants.push_back(kind + escape_resource(name) + ",uses=1");
  for (int i = 0; i < 300; ++i) {
    std::string name;
    for (auto n = 1 + random() % 12; n > 0; --n)
      if (const char c = static_cast<char>(1 + random() % 255); c != '/') name += c;
    grants.push_back("state.read:x" + escape_resource(name) + "y");
  }
  for (const auto& g : grants) EXPECT_TRUE(parse_grant(g, "/", WallTime{})) << g;
  return grants;
}

TEST(Shell, LeavesLiteralGrantsAlone) {
  Folder folder;  // with files that a careless pattern would match
  for (const auto* name : {"state.read:xy", "state.read:x%41y", "clock.real", "a", "b"})
    ASSERT_TRUE(replace_file(folder.path() / name, "", 0600));
  const auto grants = hostile_grants();
  std::string script, expected;
  for (const auto& g : grants) {
    script += "printf '%s\\n' --grant " + g + " --grant=" + g + " " + g + "\n";
    expected += "--grant\n" + g + "\n--grant=" + g + "\n" + g + "\n";
  }
  for (const auto& shell : shells) {
    if (!is_here(shell, folder)) {
      std::printf("not covered: %s is not on this machine\n", shell[0].c_str());
      continue;
    }
    const auto said = run(shell, folder, script);
    ASSERT_TRUE(said) << testing::PrintToString(shell);
    EXPECT_EQ(*said, expected) << testing::PrintToString(shell);
  }
}

TEST(Shell, LeavesGrantShellAlone) {
  Folder folder;
  std::string script, expected;
  for (const auto* limited : {"file.read:/srv/*,uses=1", "file.read:/**,uses=1", "file.read:/srv/a%2A,uses=1"}) {
    const auto d = explain({.sequence = 0, .kind = effect::Kind::file_read, .refusal = effect::Refusal::constraint,
                            .resource = "/srv/a*", .by = "uses of " + std::string(limited), .digest = {}});
    ASSERT_FALSE(d.grant_shell.empty()) << limited;
    script += "printf '%s\\n' " + d.grant_shell + "\n";
    expected += "--grant\n" + d.grant + "\n";
  }
  for (const auto& shell : shells)
    if (is_here(shell, folder)) { EXPECT_EQ(run(shell, folder, script), expected) << testing::PrintToString(shell); }
}

// Why a literal star is %2A: as it is, some shells fail on it and some drop it.
TEST(Shell, AStarIsNotSafe) {
  Folder folder;
  const std::string script = "printf '%s\\n' file.read:/no-such-folder/*\n";
  EXPECT_EQ(run({"bash", "--norc", "-O", "failglob"}, folder, script), std::nullopt);
  EXPECT_EQ(run({"bash", "--norc", "-O", "nullglob"}, folder, script), "\n");
}

}  // namespace
}  // namespace writ::authority
