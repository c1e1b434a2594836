#include "writ/workspace/mounted_seal.h"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <map>
#include <set>

#include "writ/base/escape.h"
#include "writ/workspace/contents.h"
#include "writ/workspace/keep.h"
#include "writ/workspace/line_diff.h"
#include "writ/workspace/redo.h"
#include "writ/workspace/shadow_nodes.h"

namespace writ::workspace {
namespace {

constexpr mode_t set_id_bits = S_ISUID | S_ISGID;
constexpr mode_t owner_may_look = 0500;              // a commit that was cut short has to find what it made in a folder
constexpr std::size_t max_attributes = 1024 * 1024;  // of one file; more is not compared
constexpr std::size_t max_left_out = 1000;           // lines

using Attributes = std::map<std::string, std::string>;

const Entry* find(const std::vector<Entry>& list, const std::string& name) {
  const auto i = std::ranges::lower_bound(list, name, {}, &Entry::name);
  return i == list.end() || i->name != name ? nullptr : &*i;
}

// The attributes that programs set. Those of security modules are the machine's, except a capability on a file.
bool is_programs(std::string_view name) {
  return name.starts_with("user.") || name.starts_with("system.posix_acl_") || name == "security.capability";
}

Attributes attributes_of(const Fd& fd, const Left* left) {
  Attributes found;
  std::vector<char> names(64 * 1024), value(64 * 1024);  // the kernel's limits
  const ssize_t n = ::flistxattr(fd.get(), names.data(), names.size());
  std::size_t all = 0;
  for (ssize_t at = 0; at < n && all < max_attributes;) {
    const std::string name(names.data() + at);
    at += static_cast<ssize_t>(name.size()) + 1;
    if (!is_programs(name) || (left != nullptr && left->is_own_attribute(name))) continue;
    const ssize_t size = ::fgetxattr(fd.get(), name.c_str(), value.data(), value.size());
    if (size < 0) continue;
    all += static_cast<std::size_t>(size);
    found.emplace(name, std::string(value.data(), static_cast<std::size_t>(size)));
  }
  return found;
}

struct Node {  // of a file that the task wrote, for names of the same one
  std::uint64_t device, inode;
  friend auto operator<=>(const Node&, const Node&) = default;
};

class MountedSeal {
 public:
  MountedSeal(const MountedBase& base, const Left& left, const std::string& contents) : base_(base), left_(left), contents_(contents) {}

  Result<void> add(const LeftFolder& f, const std::vector<LeftFolder>& all) {
    WRIT_TRY(top_, open_root(f.folder));
    at_ = f.at;
    for (const auto& other : all)
      if (other.at != f.at) elsewhere_.insert(other.at);
    struct stat s{}, was{};
    if (::fstat(top_.get(), &s) != 0) return system_error(errno, "cannot look at", f.folder);
    WRIT_TRY(was, host_files().look(base_.root(), f.at));
    if (f.at.empty()) {
      if ((s.st_mode & 07777) != (was.st_mode & 07777)) leave_out(".", "the mode of the folder itself");
    } else {
      WRIT_CHECK(folder(f.at, s, &was));
    }
    WRIT_CHECK(visit(f.at, Over::merged));
    elsewhere_.clear();
    return {};
  }

  Result<SealedFolder> finish() {
    out_.tree.root = base_.real_root();
    auto& changes = out_.tree.changes;
    std::vector<std::size_t> order(changes.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {}, [&](std::size_t i) -> const std::string& { return changes[i].path; });
    std::map<Node, std::string> first;
    std::vector<Change> sorted;
    sorted.reserve(changes.size());
    for (const auto i : order) {
      auto& c = changes[i];
      if (const auto node = nodes_.find(c.path); node != nodes_.end()) {
        const auto [one, fresh] = first.try_emplace(node->second, c.path);
        if (!fresh) c.same_as = one->second;
      }
      sorted.push_back(std::move(c));
    }
    changes = std::move(sorted);
    WRIT_CHECK(add_seen());
    std::ranges::sort(out_.left_out);
    return std::move(out_);
  }

 private:
  // The path of the private folder that stands at a path below the root.
  std::string inside(const std::string& path) const {
    return at_.empty() ? path : path.size() == at_.size() ? std::string() : path.substr(at_.size() + 1);
  }
  void leave_out(const std::string& path, const std::string& what) {
    if (out_.left_out.size() < max_left_out) out_.left_out.push_back(escape_for_terminal(path) + ": " + escape_for_terminal(what));
  }
  Result<void> put(Change c) {
    if (out_.tree.changes.size() == max_changes)
      return file_error(ENOSPC, Code::exhausted, "a task changes at most " + std::to_string(max_changes) + " files", base_.real_root());
    for (std::string above = parent_of(c.path); !above.empty() && !lost_.empty(); above = parent_of(above))
      if (lost_.contains(above)) return base_.changed_since(above);
    out_.tree.changes.push_back(std::move(c));
    return {};
  }

  // What a folder is to the base: what is not in it is as the base has it, or is gone, or the base has no folder there.
  enum class Over : std::uint8_t { merged, replaced, nothing };
  Result<void> visit(const std::string& path, Over over) {
    std::vector<Entry> after;
    std::vector<std::pair<std::string, Over>> folders;  // to be gone into
    {
      WRIT_TRY(const auto folder_fd, open_folder(path));
      if (over == Over::merged) {
        WRIT_TRY(const auto whole, left_.is_whole(folder_fd));
        if (whole) over = Over::replaced;
      }
      WRIT_TRY(after, entries(folder_fd));
      std::vector<Entry> before;
      if (over != Over::nothing) {
        WRIT_TRY(before, base_.list(path));
      }
      for (const auto& e : after) {
        const auto below = join(path, e.name);
        struct stat s{};
        if (::fstatat(folder_fd.get(), e.name.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0)
          return system_error(errno, "cannot look at", escape_for_terminal(below));
        WRIT_TRY(const auto meaning, left_.meaning(folder_fd, below, e.name, s));
        if (base_.hidden().contains(below) || base_.hides(below)) {
          if (meaning == Meaning::removed) continue;  // planted before the task began
          return left_alone("the task made a name that is hidden from it", below);
        }
        const auto* was = find(before, e.name);
        if (meaning == Meaning::removed) {
          WRIT_CHECK(removed(below, was));
          continue;
        }
        if (elsewhere_.contains(below)) continue;  // a mount point: what is in it is in a folder of its own
        WRIT_TRY(const auto goes_in, present(folder_fd, below, e.name, s, was, meaning));
        if (goes_in != Into::no) folders.emplace_back(below, goes_in == Into::base ? over : Over::nothing);
      }
      if (over == Over::replaced)
        for (const auto& e : before)
          if (const auto below = join(path, e.name); find(after, e.name) == nullptr && !base_.hidden().contains(below) &&
                                                     !base_.hides(below) && !left_.was_kept_back(below))
            WRIT_CHECK(removed(below, &e));
    }
    for (const auto& [below, how] : folders) WRIT_CHECK(visit(below, how));
    return {};
  }

  Result<Fd> open_folder(const std::string& path) {
    const auto rest = inside(path);
    auto fd = host_files().open(top_, rest, O_RDONLY | O_DIRECTORY);
    if (fd || fd.error().number != EACCES || rest.empty()) return fd;
    WRIT_TRY(const auto parent, host_files().open(top_, parent_of(rest), O_PATH | O_DIRECTORY));
    WRIT_TRY(const auto s, host_files().look(parent, name_of(rest)));
    return open_left(parent, name_of(rest), O_RDONLY | O_DIRECTORY, s);
  }

  enum class Into : std::uint8_t { no, base, alone };  // where a folder is gone into: over one of the base, or not
  Result<Into> present(const Fd& parent, const std::string& path, const std::string& name, const struct stat& s, const Entry* listed,
                       Meaning meaning) {
    if (meaning == Meaning::untouched && !S_ISDIR(s.st_mode)) return Into::no;
    if (meaning == Meaning::untouched) {
      const auto was = base_.unchanged(path, listed);
      if (was && *was && S_ISDIR((*was)->st_mode)) return Into::base;
      lost_.insert(path);  // somebody took it away: a conflict only if there is something to put into it
      return Into::alone;
    }
    WRIT_TRY(const auto was, base_.unchanged(path, listed));
    if (was && !kind_of(*was) && (was->st_mode & S_IFMT) != (s.st_mode & S_IFMT))
      return left_alone("sockets, devices and named pipes of the folder stay where they are", path);
    if (S_ISDIR(s.st_mode)) {
      WRIT_CHECK(folder(path, s, was ? &*was : nullptr));
      return was && S_ISDIR(was->st_mode) ? Into::base : Into::alone;
    }
    if (S_ISREG(s.st_mode)) WRIT_CHECK(file(parent, path, name, s, was ? &*was : nullptr));
    else if (S_ISLNK(s.st_mode)) WRIT_CHECK(link(parent, path, name, s, was ? &*was : nullptr));
    else return left_alone("the task made a socket, a device or a named pipe", path);
    return Into::no;
  }

  // The change of what is present, with what the base has there; what was in a folder that is none any more is removed.
  Result<Change> change(const std::string& path, Kind kind, const struct stat& s, const struct stat* was) {
    Change c;
    c.path = path;
    c.kind = kind;
    c.mode = s.st_mode & 0777;
    if (was == nullptr) return c;
    WRIT_TRY(c.base, base_.describe(path, *was));
    c.happened = Happened::changed;
    if (c.base->kind == Kind::folder && kind != Kind::folder) {
      if (base_.holds_mounted(path)) return left_alone("something is mounted there", path);
      if (base_.holds_hidden(path)) return left_alone("the folder holds what is hidden from the task, and cannot go", path);
      WRIT_CHECK(removed_below(path));
    }
    return c;
  }

  Result<void> folder(const std::string& path, const struct stat& s, const struct stat* was) {
    const mode_t special = s.st_mode & 07000, expected = was != nullptr && S_ISDIR(was->st_mode) ? was->st_mode & 07000 : 0;
    if (special != expected && !(was == nullptr && special == S_ISGID)) leave_out(path, "sticky and set-group bits of a folder");
    if (was != nullptr && S_ISDIR(was->st_mode) && (s.st_mode & 0777) == (was->st_mode & 0777)) return {};
    WRIT_TRY(auto c, change(path, Kind::folder, s, was));
    if ((c.mode & owner_may_look) != owner_may_look) leave_out(path, "a mode that keeps its owner out");
    c.mode |= owner_may_look;
    if (c.base && c.base->kind == Kind::file) {
      WRIT_TRY(const auto before, digest_base(path, *was));
      c.base->digest = before.digest;
      c.lines = count_lines(before.text, "");
    }
    return put(std::move(c));
  }

  Result<void> link(const Fd& parent, const std::string& path, const std::string& name, const struct stat& s, const struct stat* was) {
    WRIT_TRY(auto c, change(path, Kind::link, s, was));
    WRIT_TRY(c.target, host_files().read_link(parent, name));
    if (c.base && c.base->kind == Kind::link && c.base->target == c.target) return {};
    WRIT_CHECK(check_target(c.target, path));
    if (c.base && c.base->kind == Kind::file) {
      WRIT_TRY(const auto before, digest_base(path, *was));
      c.base->digest = before.digest;
      c.lines = count_lines(before.text, "");
    }
    if (s.st_nlink > 1) nodes_.emplace(path, Node{s.st_dev, s.st_ino});
    return put(std::move(c));
  }

  Result<void> file(const Fd& parent, const std::string& path, const std::string& name, const struct stat& s, const struct stat* was) {
    if ((s.st_mode & set_id_bits) != 0) return left_alone("the task made a file with set-user or set-group bits", path);
    // Keeping a content may change the mode that its other names show.
    const Node node{s.st_dev, s.st_ino};
    const mode_t mode = s.st_nlink > 1 ? modes_.try_emplace(node, s.st_mode & 0777).first->second : s.st_mode & 0777;
    WRIT_TRY(auto c, change(path, Kind::file, s, was));
    used_ += static_cast<std::uint64_t>(s.st_size);
    if (static_cast<std::uint64_t>(s.st_size) > max_shadow.value() || used_ > max_shadow.value())
      return file_error(ENOSPC, Code::exhausted, "the task wrote more than fits into its share of the disk", path);
    WRIT_TRY(const auto fd, open_left(parent, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, s));
    const auto attributes = attributes_of(fd, &left_);
    WRIT_TRY(const auto after, keep_file(fd, contents_));
    c.mode = mode;
    c.digest = after.digest;
    c.size = after.size;
    c.modified = identity_of(s).modified;
    Content before;
    Attributes old_attributes;
    if (c.base && c.base->kind == Kind::file) {
      WRIT_TRY(before, digest_base(path, *was, &old_attributes));
      c.base->digest = before.digest;
      if (s.st_uid != was->st_uid && s.st_uid != ::geteuid()) leave_out(path, "its owner");
    }
    note_attributes(path, attributes, old_attributes);
    if (c.base && c.base->digest == c.digest && c.base->mode == c.mode) return {};  // written, but the same
    c.lines = count_lines(before.text, after.text);
    if (s.st_nlink > 1) nodes_.emplace(path, node);
    return put(std::move(c));
  }

  void note_attributes(const std::string& path, const Attributes& now, const Attributes& before) {
    for (const auto& [name, value] : now)
      if (const auto i = before.find(name); i == before.end() || i->second != value) leave_out(path, "the attribute " + name);
    for (const auto& [name, value] : before)
      if (!now.contains(name)) leave_out(path, "the removal of the attribute " + name);
  }

  // The content of a file of the base that goes into a change. It is what it was, before and behind.
  Result<Content> digest_base(const std::string& path, const struct stat& was, Attributes* attributes = nullptr) {
    if ((was.st_mode & set_id_bits) != 0) return left_alone("files with set-user or set-group bits are not replaced or removed", path);
    WRIT_TRY(const auto fd, host_files().open(base_.root(), path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW));
    WRIT_TRY(auto content, digest_file(fd));
    struct stat s{};
    if (::fstat(fd.get(), &s) != 0 || identity_of(s) != identity_of(was))
      return Error{Code::conflict, "it was changed by somebody else while it was looked at", escape_for_terminal(path), "run the task again"};
    if (attributes != nullptr) *attributes = attributes_of(fd, nullptr);
    return content;
  }

  Result<void> removed(const std::string& path, const Entry* listed) {
    if (listed == nullptr) return {};  // somebody else removed it, too
    WRIT_TRY(const auto was, base_.unchanged(path, listed));
    if (!was) return {};
    if (base_.holds_mounted(path)) return left_alone("something is mounted there", path);
    if (base_.holds_hidden(path)) return left_alone("the folder holds what is hidden from the task, and cannot go", path);
    Change c;
    c.path = path;
    c.happened = Happened::removed;
    WRIT_TRY(c.base, base_.describe(path, *was));
    if (!c.base) return left_alone("sockets, devices and named pipes of the folder stay where they are", path);
    c.kind = c.base->kind;
    if (c.kind == Kind::file) {
      WRIT_TRY(const auto before, digest_base(path, *was));
      c.base->digest = before.digest;
      c.lines = count_lines(before.text, "");
    }
    WRIT_CHECK(put(std::move(c)));
    return S_ISDIR(was->st_mode) ? removed_below(path) : Result<void>();
  }
  Result<void> removed_below(const std::string& path) {
    WRIT_TRY(const auto names, base_.list(path));
    for (const auto& e : names) WRIT_CHECK(removed(join(path, e.name), &e));
    return {};
  }

  // As Shadow has it: a link stays below the root at every step of its target, seen from where it is.
  static Result<void> check_target(std::string_view target, std::string_view path) {
    auto depth = std::count(path.begin(), path.end(), '/');
    bool out = target.starts_with('/');
    for (std::string_view rest = target; !rest.empty() && !out;) {
      const auto segment = rest.substr(0, rest.find('/'));
      rest.remove_prefix(std::min(rest.size(), segment.size() + 1));
      if (!segment.empty() && segment != ".") depth += segment == ".." ? -1 : 1;
      out = depth < 0;
    }
    if (!out) return {};
    return left_alone("the task made a link that leads out of the folder", std::string(path) + " -> " + std::string(target));
  }

  Result<void> add_seen() {
    auto& tree = out_.tree;
    if (tree.changes.empty()) return {};
    std::set<std::string> paths{""};
    for (const auto& c : tree.changes) paths.insert(parent_of(c.path));
    for (const auto& c : tree.changes) paths.erase(c.path);  // their own base says it
    for (const auto& path : paths) {
      WRIT_TRY(const auto now, host_files().look(base_.root(), path));
      WRIT_TRY(auto base, base_.describe(path, now));
      if (base) tree.seen.push_back({std::move(*base), path});
    }
    return {};
  }

  const MountedBase& base_;
  const Left& left_;
  const std::string& contents_;
  Fd top_;
  std::string at_;
  std::set<std::string> elsewhere_;
  std::set<std::string> lost_;         // folders that the task left as they were, and somebody else did not
  std::map<std::string, Node> nodes_;  // of changes whose file has several names
  std::map<Node, mode_t> modes_;       // of files with several names
  std::uint64_t used_ = 0;
  SealedFolder out_;
};

}  // namespace

Result<SealedFolder> seal_left(const MountedBase& base, const Left& left, const std::vector<LeftFolder>& folders, const std::string& contents) {
  MountedSeal seal(base, left, contents);
  for (const auto& f : folders) WRIT_CHECK(seal.add(f, folders));
  return seal.finish();
}

}  // namespace writ::workspace
