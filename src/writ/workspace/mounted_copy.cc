// The copy: the folder as it was at the start, copied file by file. What the task did not touch is told by inode and change
// time, which no program can set; the rest is compared by digest.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <optional>
#include <unordered_map>

#include "writ/base/escape.h"
#include "writ/workspace/contents.h"
#include "writ/workspace/keep.h"
#include "writ/workspace/mounted_seal.h"
#include "writ/workspace/redo.h"
#include "writ/workspace/shadow_nodes.h"

namespace writ::workspace {
namespace {

struct Copied {
  std::uint64_t device = 0, inode = 0;
  friend bool operator==(const Copied&, const Copied&) = default;
};
struct CopiedHash {
  std::size_t operator()(const Copied& c) const { return std::hash<std::uint64_t>{}(c.inode * 31 + c.device); }
};

// What was copied, by path, as it was when the copy was done.
using Copies = std::unordered_map<std::string, struct stat>;

class CopyMarks final : public Left {
 public:
  explicit CopyMarks(const Copies& copies) : copies_(copies) {}
  Result<Meaning> meaning(const Fd&, const std::string& path, const std::string&, const struct stat& s) const override {
    const auto i = copies_.find(path);
    if (i == copies_.end() || i->second.st_ino != s.st_ino || i->second.st_mode != s.st_mode) return Meaning::present;
    return S_ISDIR(s.st_mode) || identity_of(i->second) == identity_of(s) ? Meaning::untouched : Meaning::present;
  }
  Result<bool> is_whole(const Fd&) const override { return true; }
  bool was_kept_back(const std::string& path) const override { return !copies_.contains(path); }
  bool is_own_attribute(std::string_view) const override { return false; }

 private:
  const Copies& copies_;
};

class CopyShadow final : public MountedShadow {
 public:
  explicit CopyShadow(Setup setup) : setup_(std::move(setup)) {}
  ~CopyShadow() override { clear(); }

  Result<void> prepare() {
    WRIT_TRY(held_, hold_contents(setup_.contents));
    WRIT_TRY(place_, make_place(setup_.contents));
    WRIT_TRY(top_, open_root(place_));
    // A store in the folder holds the copy: it must not be copied into itself.
    struct stat s{};
    if (::fstat(top_.get(), &s) != 0) return system_error(errno, "cannot look at", place_);
    setup_.hidden_nodes.emplace_back(s.st_dev, s.st_ino);
    WRIT_TRY(base_, MountedBase::open(setup_, [&](const std::string& path, const Fd& folder, const Entry& e) { return copy(path, folder, e); }));
    base_->know(std::move(originals_));
    for (auto i = folders_.rbegin(); i != folders_.rend(); ++i) WRIT_CHECK(dress_folder(i->first, i->second));
    WRIT_TRY(const auto root, host_files().look(base_->root(), ""));
    WRIT_CHECK(dress_folder("", root));
    for (auto& [path, s_now] : copies_) {
      WRIT_TRY(s_now, host_files().look(top_, path));
      last_ = std::max(last_, identity_of(s_now).changed);
    }
    return wait_for_tick();
  }

  const std::string& root() const override { return base_->real_root(); }
  const std::vector<Mount>& mounts() const override { return none_; }
  const std::string& folder() const override { return place_; }

  Result<Tree> seal() override {
    const CopyMarks marks(copies_);
    WRIT_TRY(auto sealed, seal_left(*base_, marks, {{"", place_}}, setup_.contents));
    left_out_ = std::move(sealed.left_out);
    clear();
    return std::move(sealed.tree);
  }
  const std::vector<std::string>& left_out() const override { return left_out_; }

 private:
  void clear() {
    if (!place_.empty()) (void)!remove_tree(place_).has_value();  // recover() tries again
    place_.clear();
  }

  Result<void> copy(const std::string& path, const Fd& folder, const Entry& e) {
    struct stat s{};
    if (::fstatat(folder.get(), e.name.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0) return not_copied(errno, path);
    const auto kind = kind_of(s);
    if (!kind) return {};  // a socket or the like stays where it is
    originals_.emplace(path, identity_of(s));
    WRIT_TRY(const auto parent, host_files().open(top_, parent_of(path), O_RDONLY | O_DIRECTORY));
    const auto name = name_of(path);
    if (*kind == Kind::folder) {
      folders_.emplace(path, s);
      copies_.emplace(path, s);
      return host_files().make_folder(parent, name, 0700);
    }
    if (*kind == Kind::link) {
      WRIT_TRY(const auto target, host_files().read_link(folder, e.name));
      WRIT_CHECK(host_files().make_link(parent, name, target));
      copies_.emplace(path, s);
      return {};
    }
    if (s.st_nlink > 1) {
      const auto [first, fresh] = names_.try_emplace(Copied{s.st_dev, s.st_ino}, path);
      if (!fresh) {
        WRIT_TRY(const auto from, host_files().open(top_, parent_of(first->second), O_RDONLY | O_DIRECTORY));
        WRIT_CHECK(host_files().add_name(from, name_of(first->second), parent, name));
        copies_.emplace(path, s);
        return {};
      }
    }
    auto from = host_files().open(folder, e.name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    if (!from) return not_copied(from.error().number, path);
    WRIT_TRY(const auto to, host_files().open(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    WRIT_CHECK(copy_file(*from, to));
    WRIT_CHECK(host_files().dress(to, s.st_mode & 0777, *from));
    const timespec times[2] = {s.st_atim, s.st_mtim};
    if (::futimens(to.get(), times) != 0) return system_error(errno, "cannot set the time of a copy", escape_for_terminal(path));
    copies_.emplace(path, s);
    return {};
  }

  static Result<void> not_copied(int number, const std::string& path) {
    if (number == EACCES || number == EPERM) return {};  // what whoever runs this may not read, the task may not either
    if (number != ENOENT) return system_error(number, "cannot copy", escape_for_terminal(path));
    return Error{Code::conflict, "it went away while the folder was copied", escape_for_terminal(path), "run the task again"};
  }

  // When nothing more is made in it.
  Result<void> dress_folder(const std::string& path, const struct stat& s) {
    WRIT_TRY(const auto fd, host_files().open(top_, path, O_RDONLY | O_DIRECTORY));
    WRIT_TRY(const auto like, host_files().open(base_->root(), path, O_RDONLY | O_DIRECTORY));
    WRIT_CHECK(host_files().dress(fd, s.st_mode & 07777, like));
    const timespec times[2] = {s.st_atim, s.st_mtim};
    (void)::futimens(fd.get(), times);
    return {};
  }

  // Until the file system's clock has passed the last copy: what the task touches is dated later, surely.
  Result<void> wait_for_tick() const {
    const auto path = setup_.contents + "/tick";
    const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    ::unlink(path.c_str());
    for (;;) {
      struct stat s{};
      if (::futimens(fd.get(), nullptr) != 0 || ::fstat(fd.get(), &s) != 0) return system_error(errno, "cannot date a file", path);
      if (identity_of(s).changed > last_) return {};
      const timespec while_waiting{0, 500'000};
      ::nanosleep(&while_waiting, nullptr);
    }
  }

  Setup setup_;
  std::string place_;
  Fd held_, top_;
  std::optional<MountedBase> base_;
  std::map<std::string, struct stat> folders_;
  Copies copies_;
  MountedBase::Known originals_;
  std::unordered_map<Copied, std::string, CopiedHash> names_;  // of files with several: the first
  WallTime last_;
  std::vector<Mount> none_;
  std::vector<std::string> left_out_;
};

}  // namespace

Result<std::unique_ptr<MountedShadow>> open_copy(MountedShadow::Setup setup) {
  auto shadow = std::make_unique<CopyShadow>(std::move(setup));
  WRIT_CHECK(shadow->prepare());
  return std::unique_ptr<MountedShadow>(std::move(shadow));
}

}  // namespace writ::workspace
