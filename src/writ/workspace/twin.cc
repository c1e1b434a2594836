#include "writ/workspace/twin.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "writ/base/escape.h"
#include "writ/workspace/contents.h"
#include "writ/workspace/redo.h"

namespace writ::workspace {
namespace {

constexpr mode_t while_filled = 0700;

Error cannot(std::string why, const std::string& where) {
  return {Code::unsupported, "the folder cannot be exchanged as a whole: " + std::move(why), escape_for_terminal(where),
          "commit without --commit-by swap"};
}

std::string folder_of(const std::string& root) { return root.rfind('/') == 0 ? "/" : root.substr(0, root.rfind('/')); }
std::string twin_name(const TaskId& id, std::size_t number) { return std::string(prepared_prefix) + id.hex() + "-twin-" + std::to_string(number); }
std::string twin_path(const TaskId& id, std::size_t number, const Tree& tree) {
  const auto above = folder_of(tree.root);
  return (above == "/" ? above : above + "/") + twin_name(id, number);
}

Result<Fd> open_above(const Tree& tree) {
  Fd fd(::open(folder_of(tree.root).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return system_error(errno, "cannot open the folder above", escape_for_terminal(tree.root));
  return fd;
}

Result<std::uint64_t> mount_of(const std::string& path) {
  struct statx s{};
  if (::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &s) != 0) return system_error(errno, "cannot look at", path);
  if ((s.stx_mask & STATX_MNT_ID) == 0) return cannot("the kernel does not say what is mounted", path);
  return s.stx_mnt_id;
}

// The inode of what has this name; 0 if nothing has.
Result<std::uint64_t> inode_of(Files& files, const Fd& folder, const std::string& name) {
  const auto s = files.look(folder, name);
  if (s) return s->st_ino;
  if (s.error().number == ENOENT) return std::uint64_t{0};
  return s.error();
}

// Every folder below one, each before what is in it; "" is the one itself.
Result<std::vector<std::string>> folders_below(Files& files, const Fd& root) {
  std::vector<std::string> folders{""};
  for (std::size_t i = 0; i < folders.size(); ++i) {
    WRIT_TRY(const auto folder, files.open(root, folders[i], O_RDONLY | O_DIRECTORY));
    WRIT_TRY(const auto names, files.list(folder));
    for (const auto& name : names) {
      WRIT_TRY(const auto s, files.look(folder, name));
      if (S_ISDIR(s.st_mode)) folders.push_back(join(folders[i], name));
    }
  }
  return folders;
}

// The old folder, when the new one has its name.
class Emptying {
 public:
  Emptying(Files& files, const Fd& old, const Fd& now, const Tree& tree, std::string old_path)
      : files_(files), old_(old), now_(now), tree_(tree), old_path_(std::move(old_path)) {}

  Result<std::vector<std::string>> run() {
    WRIT_TRY(const auto folders, folders_below(files_, old_));
    for (const auto& path : folders) WRIT_CHECK(empty(path));
    for (std::size_t i = folders.size(); i-- > 1;) {
      const auto parent = files_.open(old_, parent_of(folders[i]), O_RDONLY | O_DIRECTORY);
      const auto removed = parent ? files_.remove_folder(*parent, name_of(folders[i])) : Result<void>(parent.error());
      if (!removed && removed.error().number != ENOTEMPTY && removed.error().number != ENOENT) return removed.error();
    }
    return std::move(left_);
  }

 private:
  const Change* change_of(const std::string& path) const {
    const auto i = std::ranges::lower_bound(tree_.changes, path, {}, &Change::path);
    return i == tree_.changes.end() || i->path != path ? nullptr : &*i;
  }

  Result<void> empty(const std::string& path) {
    const auto opened = files_.open(old_, path, O_RDONLY | O_DIRECTORY);
    if (!opened && opened.error().number == ENOENT) return {};  // it was carried over with a folder above
    if (!opened) return opened.error();
    const Fd& from = *opened;
    if (::fchmod(from.get(), while_filled) != 0) return system_error(errno, "cannot empty the old folder", escape_for_terminal(path));
    WRIT_TRY(const auto names, files_.list(from));
    const auto to = files_.open(now_, path, O_RDONLY | O_DIRECTORY);  // not there: the task removed it
    for (const auto& name : names) {
      const auto below = join(path, name);
      WRIT_TRY(const auto s, files_.look(from, name));
      if (S_ISDIR(s.st_mode)) {
        if (change_of(below) == nullptr && to && !files_.look(*to, name)) WRIT_CHECK(carry(from, name, *to, below));
        continue;
      }
      const auto now = to ? files_.look(*to, name) : Result<struct stat>(to.error());
      const auto* c = change_of(below);
      if ((now && now->st_ino == s.st_ino) || (c != nullptr && c->base && is_still(s, *c->base))) {
        WRIT_CHECK(files_.remove_file(from, name));
        continue;
      }
      if (c != nullptr) left_.push_back(absolute(tree_, below));
      if (!to || (now && S_ISDIR(now->st_mode))) {
        left_.push_back(old_path_ + "/" + below);
        continue;
      }
      WRIT_CHECK(carry(from, name, *to, below));
    }
    return {};
  }

  // Somebody put it there when the twin was made already.
  Result<void> carry(const Fd& from, const std::string& name, const Fd& to, const std::string& path) {
    const auto carried = files_.rename(from, name, to, name);
    if (carried) return {};
    const int e = carried.error().number;
    if (e != EISDIR && e != ENOTDIR && e != ENOTEMPTY && e != EEXIST) return carried.error();
    left_.push_back(old_path_ + "/" + path);
    return {};
  }

  Files& files_;
  const Fd& old_;
  const Fd& now_;
  const Tree& tree_;
  const std::string old_path_;
  std::vector<std::string> left_;
};

}  // namespace

Result<void> check_exchange(const std::string& root, const std::string& store) {
  if (root == "/") return cannot("it is the root", root);
  if (store.starts_with(root + "/")) return cannot("the store lies in it", store);
  const auto above = folder_of(root);
  WRIT_TRY(const auto inside, mount_of(root));
  WRIT_TRY(const auto outside, mount_of(above));
  if (inside != outside) return cannot("it is a mount point", root);
  struct statfs s{};
  if (::statfs(above.c_str(), &s) != 0) return system_error(errno, "cannot look at", escape_for_terminal(above));
  if (s.f_type == OVERLAYFS_SUPER_MAGIC) return cannot("an overlay exchanges no folders", root);
  if (::faccessat(AT_FDCWD, above.c_str(), W_OK | X_OK, AT_EACCESS) == 0) return {};
  auto e = system_error(errno, "nothing may be made beside the folder", escape_for_terminal(root));
  e.hint = "commit without --commit-by swap";
  return e;
}

Result<Tree> make_twin(Files& files, const TaskId& id, std::size_t number, const Tree& tree) {
  const auto name = twin_name(id, number);
  WRIT_TRY(const auto above, open_above(tree));
  WRIT_TRY(const auto root, open_root(tree.root));
  WRIT_TRY(const auto mount, mount_of(tree.root));
  WRIT_CHECK(files.make_folder(above, name, while_filled));
  WRIT_TRY(const auto twin, files.open(above, name, O_RDONLY | O_DIRECTORY));
  std::map<std::string, std::uint64_t> inodes;
  WRIT_TRY(const auto folders, folders_below(files, root));
  for (const auto& path : folders) {
    WRIT_TRY(const auto from, files.open(root, path, O_RDONLY | O_DIRECTORY));
    WRIT_TRY(const auto to, files.open(twin, path, O_RDONLY | O_DIRECTORY));
    struct statx s{};
    if (::statx(from.get(), "", AT_EMPTY_PATH, STATX_MNT_ID, &s) != 0) return system_error(errno, "cannot look at", escape_for_terminal(path));
    if (s.stx_mnt_id != mount) return cannot("something is mounted in it", absolute(tree, path));
    WRIT_TRY(const auto names, files.list(from));
    for (const auto& n : names) {
      if (is_own_name(n)) return cannot("there is a store in it, or a commit of another", absolute(tree, join(path, n)));
      WRIT_TRY(const auto what, files.look(from, n));
      const auto made = S_ISDIR(what.st_mode) ? files.make_folder(to, n, while_filled) : files.add_name(from, n, to, n);
      const int e = made ? 0 : made.error().number;
      if (e == EPERM || e == EXDEV || e == EMLINK || e == EOPNOTSUPP) return cannot("this cannot have a second name", absolute(tree, join(path, n)));
      if (!made) return made.error();
    }
  }
  // Modes and times last, from the leaves up: making something in a folder dates it, and its mode may forbid it.
  for (std::size_t i = folders.size(); i-- > 0;) {
    WRIT_TRY(const auto from, files.open(root, folders[i], O_RDONLY | O_DIRECTORY));
    WRIT_TRY(const auto to, files.open(twin, folders[i], O_RDONLY | O_DIRECTORY));
    WRIT_TRY(const auto s, files.look(from, ""));
    WRIT_TRY(const auto mine, files.look(to, ""));
    inodes.emplace(folders[i], mine.st_ino);
    WRIT_CHECK(files.dress(to, s.st_mode & 07777, from));
    const bool top = folders[i].empty();
    const auto parent = top ? Result<Fd>(Fd()) : files.open(twin, parent_of(folders[i]), O_RDONLY | O_DIRECTORY);
    if (!parent) return parent.error();
    WRIT_CHECK(files.set_modified(top ? above : *parent, top ? name : name_of(folders[i]), identity_of(s).modified));
  }
  Tree in_twin{tree.changes, twin_path(id, number, tree), {}, {}};
  for (auto& c : in_twin.changes)
    if (c.base && c.base->kind == Kind::folder) c.base->identity.inode = inodes[c.path];
  return in_twin;
}

Result<Tree> with_inodes(Files& files, const TaskId& id, std::size_t number, Tree tree) {
  WRIT_TRY(const auto above, open_above(tree));
  WRIT_TRY(const auto old, inode_of(files, above, name_of(tree.root)));
  WRIT_TRY(const auto twin, inode_of(files, above, twin_name(id, number)));
  tree.exchanged = {old, twin};
  return tree;
}

Result<void> clear_twin(const TaskId& id, std::size_t number, const Tree& tree) {
  struct stat s{};
  const auto path = twin_path(id, number, tree);
  if (::lstat(path.c_str(), &s) != 0 || s.st_ino == tree.exchanged[0]) return {};
  return remove_tree(path);
}

Result<std::vector<std::string>> exchange_twin(Files& files, const TaskId& id, std::size_t number, const Tree& tree) {
  const auto name = name_of(tree.root), twin = twin_name(id, number);
  WRIT_TRY(const auto above, open_above(tree));
  WRIT_TRY(const auto there, inode_of(files, above, name));
  if (there == tree.exchanged[0]) {
    WRIT_CHECK(files.exchange(above, name, twin));
    WRIT_TRY(const auto old, inode_of(files, above, twin));
    if (old != tree.exchanged[0]) {  // another folder was put there between the two calls: it goes back
      WRIT_CHECK(files.exchange(above, name, twin));
      WRIT_CHECK(clear_twin(id, number, tree));
      return std::vector<std::string>{tree.root};
    }
  } else if (there != tree.exchanged[1]) {
    WRIT_CHECK(clear_twin(id, number, tree));  // somebody moved the folder away, or put another there
    return std::vector<std::string>{tree.root};
  }
  WRIT_CHECK(files.sync(above));
  const auto old = files.open(above, twin, O_RDONLY | O_DIRECTORY);
  if (!old && old.error().number == ENOENT) return std::vector<std::string>();
  if (!old) return old.error();
  WRIT_TRY(const auto now, files.open(above, name, O_RDONLY | O_DIRECTORY));
  WRIT_TRY(auto left, Emptying(files, *old, now, tree, twin_path(id, number, tree)).run());
  const auto removed = files.remove_folder(above, twin);
  if (!removed && removed.error().number != ENOTEMPTY) return removed.error();
  WRIT_CHECK(files.sync(above));
  return left;
}

}  // namespace writ::workspace
