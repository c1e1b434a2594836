#include "writ/workspace/changes.h"

#include <algorithm>
#include <array>
#include <set>

#include "writ/base/escape.h"
#include "writ/workspace/changes_form.h"

namespace writ::workspace {
namespace {

constexpr std::uint32_t permission_bits = 0777;

Error wrong(std::string what, std::string_view path) {
  return invalid("these are not changes that were sealed: " + std::move(what), escape_for_terminal(path));
}

bool is_root(std::string_view path) {
  return path == "/" || (path.starts_with('/') && is_plain_path(path.substr(1)));
}

Result<void> check(const Base& b, std::string_view path) {
  if ((b.mode & ~permission_bits) != 0) return wrong("more than permission bits", path);
  if ((b.kind == Kind::link) == b.target.empty()) return wrong("a link and its target belong together", path);
  if (b.digest && b.kind != Kind::file) return wrong("only a file has a digest", path);
  return {};
}

Result<void> check(const Change& c) {
  if (!is_plain_path(c.path)) return wrong("not a path below the root", c.path);
  if (c.base) WRIT_CHECK(check(*c.base, c.path));
  if ((c.happened == Happened::created) == c.base.has_value()) return wrong("what is created had nothing before it, and only that", c.path);
  if (c.base && c.base->kind == Kind::file && !c.base->digest) return wrong("a file that was there has a digest", c.path);
  const bool gone = c.happened == Happened::removed, file = c.kind == Kind::file, link = c.kind == Kind::link;
  if (c.digest.has_value() != (file && !gone)) return wrong("new content and its digest belong together", c.path);
  if (c.target.empty() != (gone || !link)) return wrong("a link and its target belong together", c.path);
  if (gone && (c.base->kind != c.kind || c.mode != 0 || c.modified || c.size != 0))
    return wrong("what is removed is what was there", c.path);
  if ((c.mode & ~permission_bits) != 0) return wrong("more than permission bits", c.path);
  if (!c.same_as.empty() && (gone || c.kind == Kind::folder || c.same_as >= c.path)) return wrong("a name of an earlier file", c.path);
  if (c.size != 0 && !file) return wrong("only a file has a size", c.path);
  return {};
}

Result<void> check(const Tree& t) {
  if (!is_root(t.root)) return wrong("not an absolute path", t.root);
  if (t.changes.empty()) return wrong("a folder without changes", t.root);
  if (!t.exchanged.empty() && (t.exchanged.size() != 2 || t.root == "/")) return wrong("two folders are exchanged", t.root);
  std::set<std::string_view> files;
  for (std::size_t i = 0; i < t.changes.size(); ++i) {
    const auto& c = t.changes[i];
    if (i > 0 && t.changes[i - 1].path >= c.path) return wrong("not in the order of their paths", c.path);
    WRIT_CHECK(check(c));
    if (!c.same_as.empty() && !files.contains(c.same_as)) return wrong("a name of a file that is not there", c.path);
    if (c.same_as.empty() && c.kind != Kind::folder && c.happened != Happened::removed) files.insert(c.path);
  }
  for (std::size_t i = 0; i < t.seen.size(); ++i) {
    const auto& s = t.seen[i];
    if (i > 0 && t.seen[i - 1].path >= s.path) return wrong("not in the order of their paths", s.path);
    if (!s.path.empty() && !is_plain_path(s.path)) return wrong("not a path below the root", s.path);
    WRIT_CHECK(check(s.base, s.path));
  }
  return {};
}

bool lies_below(std::string_view path, std::string_view folder) {
  return folder.empty() || (path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/'));
}

// The part of an absolute path below a root; nothing if it is elsewhere. A root that lies below the path is all of it.
std::optional<std::string> below_root(std::string_view path, std::string_view root) {
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (lies_below(root, path) || path == "/") return std::string();
  const std::string start = root == "/" ? "/" : std::string(root) + "/";
  if (!path.starts_with(start)) return std::nullopt;
  return std::string(path.substr(start.size()));
}

}  // namespace

std::string_view name(Kind k) { return kind_names[static_cast<std::size_t>(k)]; }
std::string_view name(Happened h) { return happened_names[static_cast<std::size_t>(h)]; }

Totals totals(const Changes& changes) {
  Totals sum;
  for (const auto& tree : changes.trees)
    for (const auto& c : tree.changes) {
      const bool counts = c.kind != Kind::folder || (c.base && c.base->kind != Kind::folder);
      sum.files += counts ? 1 : 0;
      sum.lines.added += c.lines.added;
      sum.lines.removed += c.lines.removed;
    }
  return sum;
}

std::string text_of(const Changes& c) { return write_form(c); }

Result<Changes> parse_changes(std::string_view text) {
  WRIT_TRY(auto changes, read_form<Changes>(text));
  for (std::size_t i = 0; i < changes.trees.size(); ++i) {
    const auto& root = changes.trees[i].root;
    WRIT_CHECK(check(changes.trees[i]));
    for (std::size_t j = 0; j < i; ++j)
      if (const auto& other = changes.trees[j].root; other >= root || lies_below(root, other) || other == "/")
        return wrong("folders that lie in one another, or out of order", root);
  }
  return changes;
}

std::string absolute(const Tree& tree, std::string_view path) { return (tree.root == "/" ? "/" : tree.root + "/") + std::string(path); }

bool covers(const Changes& all, std::string_view path) {
  for (const auto& tree : all.trees)
    if (const auto rest = below_root(path, tree.root))
      for (const auto& c : tree.changes)
        if (lies_below(c.path, *rest)) return true;
  return false;
}

namespace {

// What has to be done above a change, so that it can be: folders are made before what is in them. To undo it, folders that
// went have to come back; those that were made may hold other things by now.
bool is_needed(const Change& above, Purpose purpose) {
  const bool folder_after = above.happened != Happened::removed && above.kind == Kind::folder;
  return purpose == Purpose::commit ? above.happened != Happened::removed : !folder_after;
}

// What is given up was looked at all the same.
void keep_as_seen(Tree& part, const Tree& all) {
  for (std::size_t i = 0, next = 0; i < all.changes.size(); ++i) {
    const auto& c = all.changes[i];
    if (next < part.changes.size() && part.changes[next].path == c.path) ++next;
    else if (c.base) part.seen.push_back({*c.base, c.path});
  }
  std::ranges::sort(part.seen, {}, &Seen::path);
}

}  // namespace

Result<Changes> only(const Changes& all, const std::vector<std::string>& paths, Purpose purpose) {
  Changes chosen;
  std::vector<bool> used(paths.size());
  for (const auto& tree : all.trees) {
    std::vector<std::string> wanted;
    std::set<std::string> names;
    for (std::size_t i = 0; i < paths.size(); ++i)
      if (const auto rest = below_root(paths[i], tree.root)) {
        for (const auto& c : tree.changes)
          if (lies_below(c.path, *rest)) names.insert(c.path), used[i] = true;
      }
    // Made folders on the way to what is wanted, and the first name of a file that has several.
    std::set<std::string> needed = names;
    for (const auto& c : tree.changes) {
      if (!names.contains(c.path)) continue;
      if (!c.same_as.empty() && purpose == Purpose::commit) needed.insert(c.same_as);
    }
    for (const auto& n : std::set<std::string>(needed))
      for (auto end = n.rfind('/'); end != n.npos && end > 0; end = n.rfind('/', end - 1)) needed.insert(n.substr(0, end));
    Tree part{{}, tree.root, tree.seen};
    for (const auto& c : tree.changes)
      if (names.contains(c.path) || (needed.contains(c.path) && is_needed(c, purpose))) part.changes.push_back(c);
    keep_as_seen(part, tree);
    if (!part.changes.empty()) chosen.trees.push_back(std::move(part));
  }
  for (std::size_t i = 0; i < paths.size(); ++i)
    if (!used[i]) return invalid("nothing changes there", escape_for_terminal(paths[i]), "writ diff TASK --name-only lists what does");
  return chosen;
}

bool is_own_name(std::string_view segment) { return segment == ".writ" || segment.starts_with(prepared_prefix); }

bool is_plain_path(std::string_view path) {
  if (path.empty() || path.find('\0') != path.npos) return false;
  for (std::string_view rest = path;;) {
    const auto end = rest.find('/');
    const auto segment = rest.substr(0, end);
    if (segment.empty() || segment == "." || segment == ".." || is_own_name(segment)) return false;
    if (end == rest.npos) return true;
    rest.remove_prefix(end + 1);
  }
}

}  // namespace writ::workspace
