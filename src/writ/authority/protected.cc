#include "writ/authority/protected.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace writ::authority {
namespace {

constexpr std::array<ProtectedName, 38> table{{
    {".git", "where git looks for its configuration"},
    {".git/config", "git runs what it names"},
    {".git/config.worktree", "git runs what it names"},
    {".git/commondir", "where git looks for its configuration"},
    {".git/hooks/", "git runs them"},
    {".git/modules/", "configuration and hooks of submodules"},
    {".gitconfig", "git runs what it names"},
    {".config/git/", "git runs what it names"},
    {".envrc", "direnv runs it"},
    {".vscode/", "tasks and settings that the editor runs"},
    {".idea/", "tasks and settings that the editor runs"},
    {".mcp.json", "servers that agents start"},
    {".claude/", "hooks and servers that agents start"},
    {".cursor/", "servers that agents start"},
    {".bashrc", "shell start-up"},
    {".bash_profile", "shell start-up"},
    {".bash_login", "shell start-up"},
    {".bash_logout", "shell end"},
    {".bash_aliases", "shell start-up"},
    {".profile", "shell start-up"},
    {".login", "shell start-up"},
    {".cshrc", "shell start-up"},
    {".tcshrc", "shell start-up"},
    {".kshrc", "shell start-up"},
    {".zshrc", "shell start-up"},
    {".zshenv", "shell start-up"},
    {".zprofile", "shell start-up"},
    {".zlogin", "shell start-up"},
    {".zlogout", "shell end"},
    {".config/fish/", "shell start-up"},
    {".inputrc", "keys that the shell obeys"},
    {".vimrc", "the editor runs it"},
    {".exrc", "the editor runs it"},
    {".config/nvim/", "the editor runs it"},
    {".ssh/", "commands and keys of ssh"},
    {".config/autostart/", "the desktop starts what it names"},
    {".config/systemd/", "the service manager starts what it names"},
    {".local/share/systemd/", "the service manager starts what it names"},
}};

std::vector<std::string> levels_of(std::string_view path) {
  std::vector<std::string> levels;
  while (!path.empty()) {
    const auto end = path.find('/');
    if (end != 0) {
      auto& level = levels.emplace_back(path.substr(0, end));
      std::ranges::transform(level, level.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    }
    path.remove_prefix(end == path.npos ? path.size() : end + 1);
  }
  return levels;
}

// Whether the name stands in these levels; `to_the_end`: as the last of them, unless it covers what is below.
bool stands_in(const ProtectedName& name, const std::vector<std::string>& levels, bool to_the_end) {
  const auto wanted = levels_of(name.levels);
  for (auto at = levels.begin();; ++at) {
    at = std::search(at, levels.end(), wanted.begin(), wanted.end());
    if (at == levels.end()) return false;
    if (!to_the_end || name.levels.ends_with('/') || at + static_cast<std::ptrdiff_t>(wanted.size()) == levels.end()) return true;
  }
}

}  // namespace

std::span<const ProtectedName> protected_names() { return table; }

const ProtectedName* protected_name_of(std::string_view path) {
  if (path.find("/.") == path.npos) return nullptr;  // every one of them begins so
  const auto levels = levels_of(path);
  const auto found = std::ranges::find_if(table, [&](const ProtectedName& n) { return stands_in(n, levels, true); });
  return found == table.end() ? nullptr : &*found;
}

bool names_what_is_protected(const Grant& grant, std::string_view resource) {
  if (grant.kind != effect::Kind::file_write || !grant.resource) return true;
  if (resource.find("/.") == resource.npos) return true;
  const auto levels = levels_of(resource), named = levels_of(grant.resource->text());
  return std::ranges::none_of(table, [&](const ProtectedName& n) { return stands_in(n, levels, true) && !stands_in(n, named, false); });
}

}  // namespace writ::authority
