#include "writ/workspace/commit.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <set>

#include "writ/base/escape.h"
#include "writ/workspace/locks.h"
#include "writ/workspace/redo.h"
#include "writ/workspace/rights.h"
#include "writ/workspace/twin.h"

namespace writ::workspace {
namespace {

constexpr std::size_t piece = 256 * 1024;
// From this many files on, one sync of the whole file system costs less than one of each.
constexpr std::size_t many_files = 8;

bool is_zeros(std::span<const std::byte> part) {
  return std::ranges::all_of(part, [](std::byte b) { return b == std::byte{0}; });
}

// The bytes under a digest, from one open file to another, which has no bytes yet: runs of zeros become holes. Without another
// they are only read.
// `code` says what it means that they are other bytes.
Result<void> copy(Files& files, const Fd& from, const Fd& to, const DigestPair& expected, Code code, const std::string& where) {
  DigestStream digest;
  std::vector<std::byte> buffer(piece), last;
  std::uint64_t at = 0;
  for (;;) {
    WRIT_TRY(const auto n, files.read(from, at, buffer));
    if (n == 0) break;
    const auto part = std::span(buffer).first(n);
    digest.update(part);
    const bool hole = n == piece && is_zeros(part);
    if (!hole && to) WRIT_CHECK(files.write(to, at, part));
    last.assign(hole ? 1 : 0, std::byte{0});
    at += n;
  }
  if (!last.empty() && to) WRIT_CHECK(files.write(to, at - 1, last));  // the size is that of the whole
  if (digest.finish() == expected) return {};
  return Error{code, code == Code::conflict ? "it was changed by somebody else since the task looked at it"
                                            : "a content that was kept is not what was written",
               escape_for_terminal(where), code == Code::conflict ? "run the task again" : ""};
}

}  // namespace

struct Commit::Parts {
  Files& files;
  Places places;
  TaskId id;
  Changes changes;
  std::string contents;
  Manner manner = Manner::in_place;
  Locks locks = {};
  Fd held = {};  // the task's private folder
  std::vector<Fd> roots = {};
  Changes twins = {};  // with Manner::swap: what is to be done in each twin
  std::vector<Fd> twin_roots = {};
  bool has_undo_folder = false;
  std::uint64_t undo_mount = 0;  // what it is mounted with; 0: the kernel does not say
  std::set<Sha256> given = {};   // contents that became a prepared copy
  bool entered = false;  // perhaps: whether the transaction became durable, the store knows

  // Where the changes are made.
  const Tree& tree(std::size_t i) const { return manner == Manner::swap ? twins.trees[i] : changes.trees[i]; }
  const Fd& root(std::size_t i) const { return manner == Manner::swap ? twin_roots[i] : roots[i]; }

  Result<void> begin_twin(std::size_t number);
  Result<void> finish_twins();
  Result<void> prepare_tree(std::size_t number);
  Result<void> prepare_one(std::size_t number, std::size_t i, std::map<std::string, std::pair<Fd, std::string>>& firsts);
  Result<void> make_undo_folder();
  Result<void> keep_for_undo(const Fd& in, const Change&);
  Result<Fd> give_content(const Fd& folder, const std::string& name, const Change&);
  Result<void> sync_prepared();
  Result<Fd> beside(const Fd& in, const std::string& path);
  bool sync_at_once() const {
    std::size_t all = 0;
    for (const auto& t : changes.trees) all += t.changes.size();
    return all >= many_files;
  }
};

Result<Fd> Commit::Parts::beside(const Fd& in, const std::string& path) {
  for (std::string at = parent_of(path);; at = parent_of(at)) {
    auto folder = files.open(in, at, O_RDONLY | O_DIRECTORY);
    if (folder || at.empty()) return folder;
    const int number = folder.error().number;
    if (number != ENOENT && number != ENOTDIR && number != ELOOP && number != EXDEV) return folder;
  }
}

Result<void> Commit::Parts::make_undo_folder() {
  const auto folder = places.undo(id);
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (!failed) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failed);
  if (failed) return system_error(failed.value(), "cannot make a folder for undo", folder);
  struct statx s{};
  if (::statx(AT_FDCWD, folder.c_str(), AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &s) != 0) return system_error(errno, "cannot look at", folder);
  undo_mount = (s.stx_mask & STATX_MNT_ID) != 0 ? s.stx_mnt_id : 0;
  has_undo_folder = true;
  return {};
}

// A copy of what will be replaced. Where the file itself can be kept, redo gives it a second name instead: nothing is read or
// written then, and nothing freed.
Result<void> Commit::Parts::keep_for_undo(const Fd& in, const Change& c) {
  if (!has_undo_folder) WRIT_CHECK(make_undo_folder());
  WRIT_TRY(const auto there, files.open(in, c.path, O_PATH | O_NOFOLLOW));
  struct statx s{};
  if (::statx(there.get(), "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &s) != 0)
    return system_error(errno, "cannot look at", escape_for_terminal(c.path));
  const bool ours = s.stx_uid == ::geteuid() || ::geteuid() == 0;
  const bool same_mount = (s.stx_mask & STATX_MNT_ID) != 0 && s.stx_mnt_id == undo_mount;
  const std::uint32_t names = manner == Manner::swap ? 2 : 1;  // the twin's
  if (same_mount && s.stx_nlink == names && ours && (s.stx_mode & S_IRUSR) != 0) return {};
  const auto path = content_path(places.undo(id), c.base->digest->sha256);
  std::error_code failed;
  if (std::filesystem::exists(path, failed)) return {};
  WRIT_TRY(const auto from, files.open(in, c.path, O_RDONLY | O_NONBLOCK));
  const Fd to(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!to) return system_error(errno, "cannot keep a copy for undo", path);
  auto copied = copy(files, from, to, *c.base->digest, Code::conflict, c.path);
  if (copied && !sync_at_once()) copied = files.sync(to);
  if (!copied) ::unlink(path.c_str());
  return copied;
}

// The prepared copy: the content itself by another name where it is the task's own and goes with it, else a copy.
Result<Fd> Commit::Parts::give_content(const Fd& folder, const std::string& name, const Change& c) {
  const auto kept_at = content_path(contents, c.digest->sha256);
  const bool own = contents == places.shadow(id) && (c.mode & S_IRUSR) != 0 && given.insert(c.digest->sha256).second;
  if (own && files.add_name(held, c.digest->sha256.hex(), folder, name)) {
    WRIT_TRY(auto to, files.open(folder, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW));
    WRIT_CHECK(copy(files, to, Fd(), *c.digest, Code::corrupt, kept_at));
    return to;
  }
  WRIT_TRY(const auto from, open_content(contents, c.digest->sha256, c.size));
  WRIT_TRY(auto to, files.open(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  WRIT_CHECK(copy(files, from, to, *c.digest, Code::corrupt, kept_at));
  return to;
}

Result<void> Commit::Parts::prepare_one(std::size_t number, std::size_t i, std::map<std::string, std::pair<Fd, std::string>>& firsts) {
  const auto& c = tree(number).changes[i];
  const Fd& in = root(number);
  if (c.base && c.base->kind == Kind::file) WRIT_CHECK(keep_for_undo(in, c));
  if (c.kind == Kind::folder || c.happened == Happened::removed) return {};
  const auto name = prepared_name(id, number, i);
  WRIT_TRY(auto folder, beside(in, c.path));
  if (!c.same_as.empty()) {
    const auto first = firsts.find(c.same_as);
    if (first != firsts.end() && files.add_name(first->second.first, first->second.second, folder, name)) return {};
  }  // on another file system it becomes a file of its own
  if (c.kind == Kind::link) {
    WRIT_CHECK(files.make_link(folder, name, c.target));
  } else {
    WRIT_TRY(const auto to, give_content(folder, name, c));
    Fd like;
    if (c.base && c.base->kind == Kind::file) WRIT_CHECK([&]() -> Result<void> {
      WRIT_TRY(like, files.open(in, c.path, O_RDONLY | O_NONBLOCK));
      return {};
    }());
    WRIT_CHECK(files.dress(to, c.mode, like));
    if (!sync_at_once()) WRIT_CHECK(files.sync(to));
  }
  firsts.emplace(c.path, std::pair(std::move(folder), name));
  return {};
}

Result<void> Commit::Parts::begin_twin(std::size_t number) {
  const auto& t = changes.trees[number];
  WRIT_CHECK(check_exchange(t.root, places.store));
  WRIT_TRY(auto twin, make_twin(files, id, number, t));
  WRIT_TRY(auto in, open_root(twin.root));
  twins.trees.push_back(std::move(twin));
  twin_roots.push_back(std::move(in));
  return {};
}

// All is done in the twins; what the transaction makes true is the exchange.
Result<void> Commit::Parts::finish_twins() {
  WRIT_TRY(const auto left, redo(files, id, twins, places.undo(id)));
  if (!left.empty()) return Error{Code::conflict, "it was changed by somebody else meanwhile", escape_for_terminal(left[0]), "run the task again"};
  for (std::size_t i = 0; i < twin_roots.size(); ++i) {
    WRIT_TRY(const auto twin, files.open(twin_roots[i], "", O_RDONLY | O_DIRECTORY));
    WRIT_CHECK(files.sync_file_system(twin));
    WRIT_TRY(changes.trees[i], with_inodes(files, id, i, std::move(changes.trees[i])));
  }
  return {};
}

Result<void> Commit::Parts::prepare_tree(std::size_t number) {
  WRIT_CHECK(check_tree(files, roots[number], changes.trees[number]));
  WRIT_CHECK(check_rights(files, roots[number], changes.trees[number]));
  if (manner == Manner::swap) WRIT_CHECK(begin_twin(number));
  const auto& t = tree(number);
  std::map<std::string, std::pair<Fd, std::string>> firsts;
  std::set<std::string> several;
  for (const auto& c : t.changes)
    if (!c.same_as.empty()) several.insert(c.same_as);
  for (std::size_t i = 0; i < t.changes.size(); ++i) {
    WRIT_CHECK(prepare_one(number, i, firsts));
    if (!several.contains(t.changes[i].path)) firsts.erase(t.changes[i].path);
  }
  return {};
}

// The copies, and their names, have to be there after a power cut, if the intent is.
Result<void> Commit::Parts::sync_prepared() {
  FolderSync sync(files, sync_at_once() ? FolderSync::How::file_systems : FolderSync::How::each);
  for (std::size_t i = 0; i < roots.size(); ++i) {
    std::set<std::string> folders;
    for (const auto& c : tree(i).changes) folders.insert(parent_of(c.path));
    for (const auto& path : folders) {
      WRIT_TRY(const auto folder, beside(root(i), join(path, "x")));
      WRIT_CHECK(sync.add(folder));
    }
  }
  const Fd undo(::open(places.undo(id).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return undo ? sync.add(undo) : Result<void>();  // else nothing was there that could be replaced
}

Commit::Commit(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Commit::~Commit() {
  if (parts_ && !parts_->entered) abandon();
}

void Commit::abandon() {
  const auto reach = clear_prepared(parts_->files, parts_->id, parts_->changes);
  const bool clear = reach && *reach == Reach::all;
  const bool gone = remove_contents(parts_->places.undo(parts_->id)).has_value();
  if (clear && gone) ::unlink(prepared_marker(parts_->places, parts_->id).c_str());  // else recover() tries again
}

Result<std::unique_ptr<Commit>> Commit::prepare(Files& files, const Places& places, const TaskId& id, const Changes& changes,
                                                const std::string& contents, const std::function<Result<void>()>& may_begin,
                                                Manner manner) {
  auto parts = std::make_unique<Parts>(Parts{.files = files, .places = places, .id = id, .changes = changes, .contents = contents, .manner = manner});
  if (manner == Manner::swap)
    for (auto& tree : parts->changes.trees) tree.exchanged = {0, 0};  // a twin may be there
  WRIT_TRY(parts->held, hold_contents(places.shadow(id)));
  WRIT_TRY(parts->locks, Locks::take(places, changes, Wait::yes));
  for (const auto& tree : changes.trees) {
    WRIT_TRY(auto root, open_root(tree.root));
    parts->roots.push_back(std::move(root));
  }
  if (may_begin) WRIT_CHECK(may_begin());
  // An attempt that a crash cut short before its transaction.
  WRIT_TRY(const auto left, read_marker(places, id));
  if (left) {
    WRIT_CHECK(clear_prepared(files, id, *left));
    WRIT_CHECK(remove_contents(places.undo(id)));
  }
  // Whatever happens from here on, recover() knows where to look for copies.
  WRIT_CHECK(write_marker(places, id, parts->changes));
  std::unique_ptr<Commit> commit(new Commit(std::move(parts)));
  for (std::size_t i = 0; i < changes.trees.size(); ++i) WRIT_CHECK(commit->parts_->prepare_tree(i));
  WRIT_CHECK(commit->parts_->sync_prepared());
  if (manner == Manner::swap) WRIT_CHECK(commit->parts_->finish_twins());
  return commit;
}

Result<void> Commit::enter(store::Transaction& t) {
  auto& p = *parts_;
  const Dated dated = p.manner == Manner::swap ? Dated::by_us : Dated::by_others;
  for (std::size_t i = 0; i < p.roots.size(); ++i) WRIT_CHECK(check_tree(p.files, p.roots[i], p.changes.trees[i], dated));
  const auto text = text_of(p.changes);
  WRIT_CHECK(t.put_record(intent_table, p.id.bytes, as_bytes(text)));
  WRIT_CHECK(t.put_record(changes_table, p.id.bytes, as_bytes(text)));
  p.entered = true;
  return {};
}

Result<std::vector<std::string>> Commit::apply() {
  return redo(parts_->files, parts_->id, parts_->changes, parts_->places.undo(parts_->id));
}

Result<void> Commit::finish(store::Store& store) {
  auto& p = *parts_;
  WRIT_CHECK(store.write([&](store::Transaction& t) { return t.remove_record(intent_table, p.id.bytes); }));
  return remove_contents(p.places.shadow(p.id));
}

Result<void> check_base(Files& files, const Changes& changes) {
  for (const auto& tree : changes.trees) {
    WRIT_TRY(const auto root, open_root(tree.root));
    WRIT_CHECK(check_tree(files, root, tree));
  }
  return {};
}

}  // namespace writ::workspace
