#include "writ/workspace/undo.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "writ/base/escape.h"
#include "writ/workspace/redo.h"

namespace writ::workspace {
namespace {

Result<DigestPair> digest_of(Files& files, const Fd& root, const std::string& path) {
  WRIT_TRY(const auto fd, files.open(root, path, O_RDONLY | O_NONBLOCK));
  DigestStream digest;
  std::vector<std::byte> buffer(256 * 1024);
  for (std::uint64_t at = 0;;) {
    WRIT_TRY(const auto n, files.read(fd, at, buffer));
    if (n == 0) break;
    digest.update(std::span(buffer).first(n));
    at += n;
  }
  return digest.finish();
}

Error changed_since(const std::vector<std::string>& paths) {
  std::string list;
  for (std::size_t i = 0; i < std::min(paths.size(), most_named); ++i) list += (i == 0 ? "" : ", ") + escape_for_terminal(paths[i]);
  if (paths.size() > most_named) list += " and " + std::to_string(paths.size() - most_named) + " more";
  return {Code::conflict, "changed since the task: " + list, {}, "undo the others by name: writ undo TASK -- PATH..."};
}

// Whether a link that the commit put there stands where a path would go through: then nothing is at the path.
bool is_below_new_link(const Tree& tree, const std::string& path) {
  return std::ranges::any_of(tree.changes, [&](const Change& c) {
    return c.kind == Kind::link && c.happened != Happened::removed && path.starts_with(c.path + "/");
  });
}

// What lies at a path now; `as_left`: it is what the commit put there.
struct Now {
  bool as_left = false;
  std::optional<Base> base;
};

bool is_absent(const Error& e) { return e.number == ENOENT || e.number == ENOTDIR; }
bool is_exchanged(const Error& e) { return is_absent(e) || e.number == ELOOP || e.number == EXDEV; }

Result<Now> look_now(Files& files, const Fd& root, const Tree& tree, const Change& c) {
  const auto there = files.look(root, c.path);
  const bool absent = !there && (is_absent(there.error()) || (there.error().number == ELOOP && is_below_new_link(tree, c.path)));
  if (!there && !absent) return Now{};  // a folder on the way is a link now
  if (c.happened == Happened::removed) return Now{!there, std::nullopt};
  if (!there || kind_of(*there) != c.kind) return Now{};
  Base now{{}, identity_of(*there), c.kind, static_cast<std::uint32_t>(there->st_mode & 0777), {}};
  if (c.kind == Kind::file) {
    if (now.identity.size != c.size || now.mode != c.mode) return Now{};
    auto content = digest_of(files, root, c.path);
    if (!content && is_exchanged(content.error())) return Now{};
    if (!content) return std::move(content.error());
    if (*content != c.digest) return Now{};
    now.digest = *content;
  } else if (c.kind == Kind::link) {
    auto target = files.read_link(root, c.path);
    if (!target || *target != c.target) return Now{};
    now.target = std::move(*target);
  }
  return Now{true, std::move(now)};
}

Result<Change> back(const Places& places, const TaskId& id, const Change& c, std::optional<Base> now) {
  Change r;
  r.path = c.path;
  r.lines = {c.lines.removed, c.lines.added};
  r.base = std::move(now);
  if (!c.base) {
    r.happened = Happened::removed;
    r.kind = c.kind;
    return r;
  }
  r.happened = r.base ? Happened::changed : Happened::created;
  r.kind = c.base->kind;
  r.mode = c.base->mode;
  r.modified = c.base->identity.modified;
  r.target = c.base->target;
  if (r.kind == Kind::file) {
    r.digest = c.base->digest;
    r.size = c.base->identity.size;
    const auto kept = open_content(places.undo(id), r.digest->sha256, r.size);
    if (!kept && kept.error().number == ENOENT)
      return Error{Code::unavailable, "what was there before is no longer kept", escape_for_terminal(c.path),
                   "copies are kept for 7 days"};
    if (!kept) return kept.error();
  }
  return r;
}

}  // namespace

Result<Changes> reverse(Files& files, const Places& places, const TaskId& id, const Changes& done) {
  Changes undo;
  std::vector<std::string> changed;
  for (const auto& tree : done.trees) {
    WRIT_TRY(const auto root, open_root(tree.root));
    Tree t{{}, tree.root, {}};
    std::set<std::string> folders{""};
    for (const auto& c : tree.changes) {
      if (c.kind == Kind::folder && c.base && c.base->kind == Kind::folder && c.happened == Happened::changed && c.mode == c.base->mode)
        continue;  // a date
      WRIT_TRY(auto now, look_now(files, root, tree, c));
      if (!now.as_left) changed.push_back(absolute(tree, c.path));
      if (!changed.empty()) continue;
      WRIT_TRY(auto change, back(places, id, c, std::move(now.base)));
      t.changes.push_back(std::move(change));
      folders.insert(parent_of(c.path));
    }
    for (const auto& c : t.changes) folders.erase(c.path);
    for (const auto& path : folders)
      if (const auto there = files.look(root, path); there && kind_of(*there) == Kind::folder)
        t.seen.push_back({{{}, identity_of(*there), Kind::folder, static_cast<std::uint32_t>(there->st_mode & 0777), {}}, path});
    if (!t.changes.empty()) undo.trees.push_back(std::move(t));
  }
  if (!changed.empty()) return changed_since(changed);
  return undo;
}

}  // namespace writ::workspace
