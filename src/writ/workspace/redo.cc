#include "writ/workspace/redo.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <set>
#include <thread>

#include "writ/base/escape.h"
#include "writ/workspace/keep.h"
#include "writ/workspace/twin.h"

namespace writ::workspace {
namespace {

constexpr mode_t while_filled = 0700;
constexpr int most_waits = 20;
constexpr std::chrono::milliseconds wait_for_folder{1};
constexpr std::size_t many_folders = 4;  // from here on their file system is synced as a whole

bool is_absent(const Error& e) { return e.number == ENOENT || e.number == ENOTDIR; }
// What openat2 says where a folder on the way is a link now.
bool is_elsewhere(const Error& e) { return e.number == ELOOP || e.number == EXDEV; }

bool same(const struct stat& s, const Base& base) {
  if (kind_of(s) != base.kind) return false;
  return base.kind == Kind::folder ? s.st_ino == base.identity.inode : identity_of(s) == base.identity;
}

// Whether what was there has to be out of the way before the new thing can take its name.
bool replaces_kind(const Change& c) {
  return c.happened == Happened::changed && c.base->kind != c.kind && (c.base->kind == Kind::folder || c.kind == Kind::folder);
}

// A folder that somebody exchanges for a link may come back: that is waited for a little.
Result<Fd> open_folder(Files& files, const Fd& root, const std::string& path) {
  auto folder = files.open(root, path, O_RDONLY | O_DIRECTORY);
  for (int tries = 0; !folder && is_elsewhere(folder.error()) && tries < most_waits; ++tries) {
    std::this_thread::sleep_for(wait_for_folder);
    folder = files.open(root, path, O_RDONLY | O_DIRECTORY);
  }
  return folder;
}

class Redo {
 public:
  Redo(Files& files, const TaskId& id, const Fd& root, const Tree& tree, std::size_t number, const Fd& undo)
      : files_(files), id_(id), root_(root), tree_(tree), number_(number), undo_(undo) {}

  Result<std::vector<std::string>> run() {
    for (std::size_t i = tree_.changes.size(); i-- > 0;)
      if (const auto& c = tree_.changes[i]; c.happened == Happened::removed || replaces_kind(c)) WRIT_CHECK(remove(c));
    for (const auto& c : tree_.changes)
      if (c.kind == Kind::folder && c.happened != Happened::removed) WRIT_CHECK(make_folder(c));
    for (std::size_t i = 0; i < tree_.changes.size(); ++i)
      if (const auto& c = tree_.changes[i]; c.kind != Kind::folder && c.happened != Happened::removed) WRIT_CHECK(place(c, i));
    for (const auto& c : tree_.changes)
      if (c.kind == Kind::folder && c.happened != Happened::removed && c.modified) WRIT_CHECK(date(c));
    WRIT_CHECK(sync());
    for (std::size_t i = tree_.changes.size(); i-- > 0;)
      if (const auto& c = tree_.changes[i]; c.kind == Kind::folder && c.happened != Happened::removed) WRIT_CHECK(set_mode(c));
    return std::move(left_);
  }

 private:
  Result<Fd> parent(const std::string& path) { return open_folder(files_, root_, parent_of(path)); }
  void leave(const Change& c) { left_.push_back(tree_.root == "/" ? "/" + c.path : tree_.root + "/" + c.path); }

  Result<void> remove(const Change& c) {
    const auto name = name_of(c.path);
    const auto folder = parent(c.path);
    if (!folder && is_absent(folder.error())) return {};
    if (!folder && is_elsewhere(folder.error())) return leave(c), Result<void>();
    if (!folder) return folder.error();
    const auto there = files_.look(*folder, name);
    if (!there && is_absent(there.error())) return {};
    if (!there) return there.error();
    if (!is_still(*there, *c.base)) {
      if (c.happened == Happened::removed) leave(c);  // else it is the new thing, or place() finds what is wrong
      return {};
    }
    WRIT_CHECK(keep(*folder, name, c));
    auto removed = c.base->kind == Kind::folder ? files_.remove_folder(*folder, name) : files_.remove_file(*folder, name);
    if (!removed && removed.error().number == ENOTEMPTY) return leave(c), Result<void>();
    if (!removed && !is_absent(removed.error())) return removed;
    touched_.insert(parent_of(c.path));
    return {};
  }

  Result<void> make_folder(const Change& c) {
    if (c.base && c.base->kind == Kind::folder) return {};  // only its mode or time is set
    const auto folder = parent(c.path);
    if (!folder && (is_absent(folder.error()) || is_elsewhere(folder.error()))) return leave(c), Result<void>();
    if (!folder) return folder.error();
    auto made = files_.make_folder(*folder, name_of(c.path), c.mode | while_filled);
    if (!made && made.error().number == EEXIST) {
      const auto there = files_.look(*folder, name_of(c.path));
      if (!there || kind_of(*there) != Kind::folder) leave(c);
    } else if (!made) {
      return made;
    }
    touched_.insert(parent_of(c.path));
    touched_.insert(c.path);
    return {};
  }

  Result<void> place(const Change& c, std::size_t i) {
    WRIT_TRY(const auto from, find_prepared(c.path, prepared_name(id_, number_, i)));
    if (!from) {
      if (!is_placed(c)) leave(c);  // the folder with the copy in it was taken away
      return {};
    }
    const auto name = name_of(c.path), prepared = prepared_name(id_, number_, i);
    const auto folder = parent(c.path);
    if (!folder && !is_absent(folder.error()) && !is_elsewhere(folder.error())) return folder.error();
    bool mine = false;
    if (folder) {
      const auto there = files_.look(*folder, name);
      if (!there && !is_absent(there.error())) return there.error();
      mine = there ? c.base && is_still(*there, *c.base) : !c.base || replaces_kind(c);
    }
    if (!mine) {
      leave(c);
      return files_.remove_file(*from, prepared);
    }
    if (c.base && !replaces_kind(c)) WRIT_CHECK(keep(*folder, name, c));
    if (c.modified) WRIT_CHECK(files_.set_modified(*from, prepared, *c.modified));
    WRIT_CHECK(files_.rename(*from, prepared, *folder, name));
    touched_.insert(parent_of(c.path));
    return {};
  }

  // For undo: the file itself, as it is. Where that cannot be, a copy was prepared.
  Result<void> keep(const Fd& folder, const std::string& name, const Change& c) {
    if (c.base->kind != Kind::file || !undo_) return {};
    const auto kept = c.base->digest->sha256.hex();
    if (files_.look(undo_, kept)) return {};
    kept_ = true;
    auto named = files_.add_name(folder, name, undo_, kept);
    const int number = named ? 0 : named.error().number;
    if (named || number == EEXIST) return {};
    const bool cannot = number == EXDEV || number == EPERM || number == EMLINK || number == EOPNOTSUPP;
    return cannot ? keep_copy(folder, name, kept) : named;
  }
  // A file system without second names, which nobody could know before.
  Result<void> keep_copy(const Fd& folder, const std::string& name, const std::string& kept) {
    WRIT_TRY(const auto from, files_.open(folder, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW));
    WRIT_TRY(const auto to, files_.open(undo_, "keeping", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
    WRIT_CHECK(copy_file(from, to));
    WRIT_CHECK(files_.sync(to));
    return files_.rename(undo_, "keeping", undo_, kept);
  }

  bool is_placed(const Change& c) {
    const auto there = files_.look(root_, c.path);
    return there && kind_of(*there) == c.kind && (c.kind != Kind::file || static_cast<std::uint64_t>(there->st_size) == c.size);
  }

  // The folder where the prepared copy lies: that of the target or one above.
  Result<std::optional<Fd>> find_prepared(const std::string& path, const std::string& name) {
    for (std::string at = parent_of(path);; at = parent_of(at)) {
      auto folder = open_folder(files_, root_, at);
      if (!folder && !is_absent(folder.error()) && !is_elsewhere(folder.error())) return folder.error();
      if (folder && files_.look(*folder, name)) {
        touched_.insert(at);
        return std::optional<Fd>(std::move(*folder));
      }
      if (at.empty()) return std::optional<Fd>();
    }
  }

  Result<void> date(const Change& c) {
    const auto folder = parent(c.path);
    if (!folder) return {};
    if (auto dated = files_.set_modified(*folder, name_of(c.path), *c.modified); !dated && !is_absent(dated.error())) return dated;
    return {};
  }

  // When nothing more is put into it: the mode may keep even its owner from that.
  Result<void> set_mode(const Change& c) {
    const auto there = files_.look(root_, c.path);
    if (!there || kind_of(*there) != Kind::folder) return {};
    const mode_t now = there->st_mode & 0777;
    if (now == c.mode) return {};
    const bool was_here = c.base && c.base->kind == Kind::folder;
    if (was_here && now != c.base->mode) return leave(c), Result<void>();
    WRIT_TRY(const auto folder, files_.open(root_, c.path, O_RDONLY | O_DIRECTORY));
    WRIT_CHECK(files_.dress(folder, c.mode | (there->st_mode & 07000), Fd()));
    return files_.sync(folder);
  }

  Result<void> sync() {
    FolderSync sync(files_, touched_.size() < many_folders ? FolderSync::How::each : FolderSync::How::file_systems);
    if (kept_) WRIT_CHECK(sync.add(undo_));  // first: some file systems would else make the loss of a name last before the gain
    for (const auto& path : touched_) {
      const auto folder = files_.open(root_, path, O_RDONLY | O_DIRECTORY);
      if (folder) WRIT_CHECK(sync.add(*folder));
      else if (!is_absent(folder.error()) && !is_elsewhere(folder.error())) return folder.error();
    }
    return {};
  }

  Files& files_;
  const TaskId& id_;
  const Fd& root_;
  const Tree& tree_;
  std::size_t number_;
  const Fd& undo_;  // nothing, if the time for undo is over
  bool kept_ = false;
  std::set<std::string> touched_;
  std::vector<std::string> left_;
};

// As `same`, and where it is not, what would show that nothing but the date is another.
Result<bool> is_as_it_was(Files& files, const Fd& root, const std::string& path, const struct stat& s, const Base& base, Dated dated) {
  if (same(s, base)) return true;
  if (!is_still(s, base) || (s.st_mode & 0777) != base.mode) return false;
  if (dated == Dated::by_us || base.kind == Kind::link) return true;  // a link that stays leads where it led
  if (base.kind != Kind::file || !base.digest) return false;
  WRIT_TRY(const auto file, files.open(root, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW));
  WRIT_TRY(const auto content, digest_file(file));
  return content.digest == *base.digest;
}

Error changed_since(const Tree& tree, std::string_view path) {
  return {Code::conflict, "it was changed by somebody else since the task looked at it",
          escape_for_terminal(tree.root + "/" + std::string(path)), "run the task again"};
}

}  // namespace

bool is_still(const struct stat& s, const Base& base) {
  Base as_now = base;
  as_now.identity.changed = identity_of(s).changed;
  return same(s, as_now);
}

std::string prepared_name(const TaskId& id, std::size_t tree, std::size_t change) {
  return std::string(prepared_prefix) + id.hex() + "-" + std::to_string(tree) + "-" + std::to_string(change);
}

std::string join(std::string_view folder, std::string_view name) {
  return folder.empty() ? std::string(name) : std::string(folder) + "/" + std::string(name);
}

std::string parent_of(std::string_view path) {
  const auto end = path.rfind('/');
  return end == path.npos ? std::string() : std::string(path.substr(0, end));
}

std::string name_of(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }  // npos + 1 is 0

Result<void> FolderSync::add(const Fd& folder) {
  if (how_ == How::each) return files_.sync(folder);
  WRIT_TRY(const auto s, files_.look(folder, ""));
  return synced_.insert(s.st_dev).second ? files_.sync_file_system(folder) : Result<void>();
}

Result<std::vector<std::string>> redo(Files& files, const TaskId& id, const Changes& changes, const std::string& undo) {
  std::vector<std::string> left;
  const Fd undo_folder(::open(undo.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  for (std::size_t i = 0; i < changes.trees.size(); ++i) {
    if (!changes.trees[i].exchanged.empty()) {
      WRIT_TRY(const auto some, exchange_twin(files, id, i, changes.trees[i]));
      left.insert(left.end(), some.begin(), some.end());
      continue;
    }
    WRIT_TRY(const auto root, open_root(changes.trees[i].root));
    WRIT_TRY(auto some, Redo(files, id, root, changes.trees[i], i, undo_folder).run());
    left.insert(left.end(), some.begin(), some.end());
  }
  if (!left.empty()) (void)!clear_prepared(files, id, changes).has_value();  // of what could not be placed; named is what counts
  return left;
}

Result<Reach> clear_prepared(Files& files, const TaskId& id, const Changes& changes) {
  Reach reach = Reach::all;
  for (std::size_t t = 0; t < changes.trees.size(); ++t) {
    const auto& tree = changes.trees[t];
    if (!tree.exchanged.empty()) {
      WRIT_CHECK(clear_twin(id, t, tree));
      continue;
    }
    const auto root = open_root(tree.root);
    if (!root) continue;  // the folder is gone, and they with it
    std::set<std::string> folders{""};
    for (const auto& c : tree.changes)
      for (std::string at = parent_of(c.path); !at.empty(); at = parent_of(at)) folders.insert(at);
    const auto mine = std::string(prepared_prefix) + id.hex() + "-";
    for (const auto& path : folders) {
      const auto folder = open_folder(files, *root, path);
      if (!folder && !is_absent(folder.error())) reach = Reach::some;
      if (!folder) continue;
      WRIT_TRY(const auto names, files.list(*folder));
      for (const auto& name : names)
        if (name.starts_with(mine)) WRIT_CHECK(files.remove_file(*folder, name));
    }
  }
  return reach;
}

Result<void> check_tree(Files& files, const Fd& root, const Tree& tree, Dated dated) {
  std::set<std::string> going;
  for (const auto& c : tree.changes)
    if (c.happened == Happened::removed || replaces_kind(c)) going.insert(c.path);
  for (const auto& c : tree.changes) {
    const auto there = files.look(root, c.path);
    if (!there && !is_absent(there.error()) && !is_elsewhere(there.error())) return there.error();
    if (!there && is_elsewhere(there.error())) {
      // A link on the way that this commit replaces by a folder; any other was put there since.
      bool ours = false;
      for (std::string at = parent_of(c.path); !at.empty(); at = parent_of(at)) ours = ours || going.contains(at);
      if (!ours || c.base) return changed_since(tree, c.path);
      continue;
    }
    if (there.has_value() != c.base.has_value()) return changed_since(tree, c.path);
    if (!there) continue;
    WRIT_TRY(const bool unchanged, is_as_it_was(files, root, c.path, *there, *c.base, dated));
    if (!unchanged) return changed_since(tree, c.path);
    if ( c.base->kind != Kind::folder || !going.contains(c.path)) continue;
    WRIT_TRY(const auto folder, files.open(root, c.path, O_RDONLY | O_DIRECTORY));
    WRIT_TRY(const auto names, files.list(folder));
    for (const auto& name : names)
      if (!going.contains(c.path + "/" + name)) return changed_since(tree, c.path + "/" + name);
  }
  for (const auto& s : tree.seen) {
    const auto there = files.look(root, s.path);
    if (!there) return changed_since(tree, s.path);
    WRIT_TRY(const bool unchanged, is_as_it_was(files, root, s.path, *there, s.base, dated));
    if (!unchanged) return changed_since(tree, s.path);
  }
  return {};
}

}  // namespace writ::workspace
