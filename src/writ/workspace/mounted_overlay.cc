// The overlay: how the folder, the task's changes and what is hidden become mounts, and how the kernel marks what it keeps.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>

#include "writ/base/escape.h"
#include "writ/workspace/contents.h"
#include "writ/workspace/keep.h"
#include "writ/workspace/mounted_seal.h"
#include "writ/workspace/redo.h"
#include "writ/workspace/shadow_nodes.h"

namespace writ::workspace {
namespace {

constexpr std::size_t max_options = 4095;  // mount(2) takes a page

Error wont_do(std::string what, std::string where) {
  return {Code::unsupported, std::move(what), escape_for_terminal(where), "a private copy of the folder works everywhere"};
}

// File systems whose clock or inode numbers are another machine's.
bool is_remote(const Fd& folder) {
  struct statfs s{};
  if (::fstatfs(folder.get(), &s) != 0) return false;
  constexpr std::array<std::uint64_t, 8> remote{NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, 0xff534d42 /* cifs */, SMB2_SUPER_MAGIC,
                                                V9FS_MAGIC, CEPH_SUPER_MAGIC, AFS_SUPER_MAGIC, FUSE_SUPER_MAGIC};
  for (const auto magic : remote)
    if (static_cast<std::uint32_t>(s.f_type) == magic) return true;
  return false;
}

std::string prefix_of(Overlay form) { return form == Overlay::trusted ? "trusted.overlay." : "user.overlay."; }

class OverlayMarks final : public Left {
 public:
  explicit OverlayMarks(Overlay form) : prefix_(prefix_of(form)) {}

  Result<Meaning> meaning(const Fd& folder, const std::string& path, const std::string& name, const struct stat& s) const override {
    if (S_ISCHR(s.st_mode) && s.st_rdev == makedev(0, 0)) return Meaning::removed;
    if (!S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode)) return Meaning::present;
    // Attributes are read by those who may read the file.
    const bool readable = (s.st_mode & S_IRUSR) != 0;
    const std::uint64_t reading = S_ISDIR(s.st_mode) ? O_RDONLY | O_DIRECTORY : O_RDONLY | O_NONBLOCK | O_NOFOLLOW;
    WRIT_TRY(const auto fd, readable ? host_files().open(folder, name, O_PATH | O_NOFOLLOW) : open_left(folder, name, reading, s));
    if (S_ISREG(s.st_mode) && s.st_size == 0) {
      WRIT_TRY(const auto whiteout, attribute(fd, "whiteout"));
      if (whiteout) return Meaning::removed;
    }
    // The mount turns these off: an inode that has one does not hold what it seems to.
    for (const auto* foreign : {"metacopy", "redirect"}) {
      WRIT_TRY(const auto value, attribute(fd, foreign));
      if (value) return left_alone(std::string("the overlay left a ") + foreign + ", which it was told not to", path);
    }
    return Meaning::present;
  }
  Result<bool> is_whole(const Fd& folder) const override {
    WRIT_TRY(const auto value, attribute(folder, "opaque"));
    return value && *value == "y";  // "x" only says that whiteouts may be attributes
  }
  bool was_kept_back(const std::string&) const override { return false; }
  bool is_own_attribute(std::string_view name) const override { return name.starts_with(prefix_); }

 private:
  Result<std::optional<std::string>> attribute(const Fd& fd, const char* name) const {
    std::array<char, 256> value;
    // By its path, since an O_PATH descriptor has no attributes to ask for.
    const auto by = "/proc/self/fd/" + std::to_string(fd.get());
    const ssize_t n = ::getxattr(by.c_str(), (prefix_ + name).c_str(), value.data(), value.size());
    if (n >= 0) return std::optional(std::string(value.data(), static_cast<std::size_t>(n)));
    if (errno == ENODATA || errno == EOPNOTSUPP) return std::optional<std::string>();
    if (errno == ERANGE) return std::optional(std::string());
    return system_error(errno, "cannot read how an overlay marked a file", by);
  }
  std::string prefix_;
};

class OverlayShadow final : public MountedShadow {
 public:
  OverlayShadow(MountedBase base, Setup setup, Overlay form) : base_(std::move(base)), setup_(std::move(setup)), form_(form) {}
  ~OverlayShadow() override { clear(); }

  Result<void> prepare() {
    WRIT_TRY(held_, hold_contents(setup_.contents));
    if (is_remote(base_.root())) return wont_do("the folder is on a file system of another machine", base_.real_root());
    if (form_ == Overlay::user && !base_.mounted().empty())
      return wont_do("something is mounted in the folder, and a user namespace may not look below it",
                     base_.real_root() + "/" + *base_.mounted().begin());
    for (const auto& at : base_.mounted()) {
      WRIT_TRY(const auto folder, host_files().look(base_.root(), at));
      if (!S_ISDIR(folder.st_mode)) return wont_do("a file is mounted in the folder", base_.real_root() + "/" + at);
      WRIT_TRY(const auto fd, host_files().open(base_.root(), at, O_PATH | O_DIRECTORY));
      if (is_remote(fd)) return wont_do("a file system of another machine is mounted in the folder", base_.real_root() + "/" + at);
    }
    std::vector<std::string> candidates{setup_.contents};
    for (const auto& folder : setup_.elsewhere) candidates.push_back(folder + "/" + elsewhere_name(setup_.contents));
    Error last;
    for (const auto& top : candidates) {
      auto done = try_top(top);
      if (done) return done;
      last = done.error();
      clear();
      if (last.code != Code::unsupported) return last;
    }
    return last;
  }

  const std::string& root() const override { return base_.real_root(); }
  const std::vector<Mount>& mounts() const override { return mounts_; }
  const std::string& folder() const override { return none_; }

  Result<Tree> seal() override {
    std::vector<LeftFolder> folders;
    for (const auto& m : mounts_) folders.push_back({m.at, m.upper});
    const OverlayMarks marks(form_);
    WRIT_TRY(auto sealed, seal_left(base_, marks, folders, setup_.contents));
    left_out_ = std::move(sealed.left_out);
    clear();
    return std::move(sealed.tree);
  }
  const std::vector<std::string>& left_out() const override { return left_out_; }

 private:
  void clear() {
    if (place_.empty()) return;
    const bool removed = remove_tree(place_).has_value();  // else recover() tries again
    const auto top = parent_of(place_);
    if (removed && top != setup_.contents && ::rmdir(top.c_str()) == 0) ::unlink(elsewhere_mark(setup_.contents).c_str());
    place_.clear();
    mounts_.clear();
  }

  // A folder elsewhere serves all shadows of a task, and is noted in its private folder before it is made.
  Result<void> have_elsewhere(const std::string& top) const {
    const auto mark = elsewhere_mark(setup_.contents);
    std::error_code failed;
    const auto noted = std::filesystem::read_symlink(mark, failed);
    if (!failed && noted != top) return wont_do("the task's changes lie in another folder already", noted.string());
    if (failed && ::symlink(top.c_str(), mark.c_str()) != 0)
      return system_error(errno, "cannot note where a task's changes lie", setup_.contents);
    if (::mkdir(top.c_str(), 0700) == 0) return {};
    const int number = errno;
    if (number == EEXIST && !failed) return {};
    if (failed) ::unlink(mark.c_str());
    return system_error(number, "cannot make a folder for what the task changes", top);
  }

  Result<void> try_top(const std::string& top) {
    const bool elsewhere = top != setup_.contents;
    const auto place_of_top = elsewhere ? parent_of(top) : top;
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(place_of_top.c_str(), nullptr), &std::free);
    if (!real) return wont_do("there is no such folder", place_of_top);
    const auto& root = base_.real_root();
    if (const std::string at = real.get(); root == "/" || at == root || at.starts_with(root + "/"))
      return wont_do("an overlay cannot keep its changes inside the folder itself", at);
    if (elsewhere) WRIT_CHECK(have_elsewhere(top));
    WRIT_TRY(place_, make_place(top));
    return lay();
  }

  Result<void> lay() {
    const auto& place = place_;
    std::vector<std::string> at{""};
    at.insert(at.end(), base_.mounted().begin(), base_.mounted().end());
    std::erase_if(at, [&](const std::string& a) { return !a.empty() && base_.holds_hidden(top_hidden(a)); });
    for (std::size_t i = 0; i < at.size(); ++i) WRIT_CHECK(add_layer(at[i], place + "/" + std::to_string(i)));
    std::map<std::string, std::string> made;  // folder above something hidden -> whose place it takes; deepest last
    for (const auto& path : base_.hidden()) WRIT_CHECK(hide(path, made));
    for (auto i = made.rbegin(); i != made.rend(); ++i) WRIT_CHECK(like_base(i->first, i->second));
    return ask_kernel();
  }

  // The hidden path that a mount point is or lies below, or the mount point itself.
  std::string top_hidden(const std::string& at) const {
    for (std::string path = at; !path.empty(); path = parent_of(path))
      if (base_.hidden().contains(path)) return path;
    return at + "/\n";  // nothing has this name
  }

  Result<void> add_layer(const std::string& at, const std::string& place) {
    Mount m;
    m.at = at;
    m.lower = at.empty() ? base_.real_root() : (base_.real_root() == "/" ? "/" : base_.real_root() + "/") + at;
    m.upper = place + "/u";
    m.work = place + "/w";
    m.flags = MS_NOSUID | MS_NODEV;
    for (const auto& folder : {place, m.upper, m.work})
      if (::mkdir(folder.c_str(), 0700) != 0) return system_error(errno, "cannot make a folder for what the task changes", folder);
    m.options = options(m) + ",volatile";
    if (m.options.size() > max_options) return wont_do("its path is too long for an overlay", m.lower);
    if (form_ == Overlay::user) {
      const Fd fd(::open(m.upper.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (::fsetxattr(fd.get(), "user.overlay.probe", "y", 1, 0) != 0 || ::fremovexattr(fd.get(), "user.overlay.probe") != 0)
        return wont_do("the file system has no user attributes", place);
    }
    WRIT_CHECK(like_base(m.upper, at));
    mounts_.push_back(std::move(m));
    return {};
  }

  std::string options(const Mount& m) const {
    const auto escape = [](const std::string& path) {
      std::string out;
      for (const char c : path) {
        if (c == '\\' || c == ':' || c == ',') out += '\\';
        out += c;
      }
      return out;
    };
    return "lowerdir=" + escape(m.lower) + ",upperdir=" + escape(m.upper) + ",workdir=" + escape(m.work) + ",index=off" +
           (form_ == Overlay::user ? ",userxattr" : ",metacopy=off,redirect_dir=nofollow");
  }

  // A folder that stands for one of the base looks like it.
  Result<void> like_base(const std::string& folder, const std::string& at) const {
    const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return system_error(errno, "cannot open", folder);
    WRIT_TRY(const auto like, host_files().open(base_.root(), at, O_RDONLY | O_DIRECTORY));
    WRIT_TRY(const auto s, host_files().look(base_.root(), at));
    const timespec times[2] = {s.st_atim, s.st_mtim};
    WRIT_CHECK(host_files().dress(fd, s.st_mode & 07777, like));
    for (const auto* own : {"opaque", "redirect", "metacopy", "origin", "impure", "whiteout"})  // an overlay's that was here before
      (void)::fremovexattr(fd.get(), (prefix_of(form_) + own).c_str());
    (void)::futimens(fd.get(), times);
    return {};
  }

  // A whiteout, before the overlay is mounted: whatever is below does not exist for the task.
  Result<void> hide(const std::string& path, std::map<std::string, std::string>& made) {
    const Mount* m = &mounts_.front();
    for (const auto& other : mounts_)
      if (!other.at.empty() && is_below(path, other.at)) m = &other;
    const auto inside = m->at.empty() ? path : path.substr(m->at.size() + 1);
    for (auto end = inside.find('/'); end != inside.npos; end = inside.find('/', end + 1)) {
      const auto folder = m->upper + "/" + inside.substr(0, end);
      if (::mkdir(folder.c_str(), 0700) == 0) made.emplace(folder, join(m->at, inside.substr(0, end)));
      else if (errno != EEXIST) return system_error(errno, "cannot hide", escape_for_terminal(path));
    }
    if (::mknod((m->upper + "/" + inside).c_str(), S_IFCHR, makedev(0, 0)) != 0)
      return wont_do(system_error(errno, "no whiteout can be made for what is hidden", "").what, path);
    return {};
  }

  // The kernel itself, as far as it answers without a namespace.
  Result<void> ask_kernel() const {
    // In folders of its own, since the kernel marks those of a volatile overlay as used; without `volatile` it would sync.
    const auto scratch = place_ + "/p";
    for (const auto& real : mounts_) {
      Mount m = real;
      m.upper = scratch + "/u";
      m.work = scratch + "/w";
      for (const auto& folder : {scratch, m.upper, m.work})
        if (::mkdir(folder.c_str(), 0700) != 0) return system_error(errno, "cannot make a folder for what the task changes", folder);
      const Fd context(::fsopen("overlay", FSOPEN_CLOEXEC));
      if (!context && (errno == EPERM || errno == ENOSYS)) return {};
      if (!context) return wont_do("the kernel has no overlayfs", m.lower);
      const auto all = options(m) + ",volatile";
      for (std::size_t at = 0; at < all.size();) {
        std::size_t end = at;
        while (end < all.size() && all[end] != ',') end += all[end] == '\\' ? 2 : 1;
        const auto option = all.substr(at, end - at);
        at = end + 1;
        const auto equals = option.find('=');
        const bool set = equals == option.npos
                             ? ::fsconfig(context.get(), FSCONFIG_SET_FLAG, option.c_str(), nullptr, 0) == 0
                             : ::fsconfig(context.get(), FSCONFIG_SET_STRING, option.substr(0, equals).c_str(), option.c_str() + equals + 1, 0) == 0;
        if (!set) return wont_do(system_error(errno, "the kernel takes no overlay there", "").what, m.lower);
      }
      const bool taken = ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0;
      if (!taken && errno == EPERM) return {};
      if (!taken) return wont_do(system_error(errno, "the kernel takes no overlay there", "").what, m.lower);
      WRIT_CHECK(remove_tree(scratch));
    }
    return {};
  }

  MountedBase base_;
  Setup setup_;
  Overlay form_;
  Fd held_;
  std::string place_, none_;
  std::vector<Mount> mounts_;
  std::vector<std::string> left_out_;
};

}  // namespace

Result<std::unique_ptr<MountedShadow>> open_overlay(MountedShadow::Setup setup, Overlay form) {
  WRIT_TRY(auto base, MountedBase::open(setup));
  auto shadow = std::make_unique<OverlayShadow>(std::move(base), std::move(setup), form);
  WRIT_CHECK(shadow->prepare());
  return std::unique_ptr<MountedShadow>(std::move(shadow));
}

}  // namespace writ::workspace
