#include "writ/workspace/mounted_base.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>

#include "writ/base/escape.h"
#include "writ/base/file.h"
#include "writ/workspace/redo.h"

namespace writ::workspace {
namespace {

constexpr ByteCount max_mountinfo = 4 * MiB;
// How far the wall clock may fall behind the monotonic one before it counts as set back: what slewing does, and a little.
constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t slack_ns = 50'000'000, slew_per_second = 500'000;

struct CloseFolder {
  void operator()(DIR* d) const { ::closedir(d); }
};

std::uint64_t key_of(std::string_view path) { return std::hash<std::string_view>{}(path); }

bool is_absent(int number) { return number == ENOENT || number == ENOTDIR; }

// As the kernel writes paths there: space, tab, newline and backslash in octal.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octal = [&](std::size_t k) { return i + k < text.size() && text[i + k] >= '0' && text[i + k] <= '7'; };
    if (text[i] == '\\' && octal(1) && octal(2) && octal(3)) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

Error left_alone(std::string what, std::string_view path) {
  return {Code::denied, std::move(what), escape_for_terminal(path), {}, EPERM};
}

Result<std::string> make_place(const std::string& folder) {
  for (int number = 0;; ++number) {
    auto place = folder + "/mounted" + (number == 0 ? "" : "-" + std::to_string(number));
    if (::mkdir(place.c_str(), 0700) == 0) return place;
    if (errno != EEXIST) return system_error(errno, "cannot make a folder for what a task changes", place);
  }
}

Result<std::vector<Entry>> entries(const Fd& folder) {
  Fd copy(::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!copy) return system_error(errno, "cannot list", "");
  const std::unique_ptr<DIR, CloseFolder> open_folder(::fdopendir(copy.get()));
  if (!open_folder) return system_error(errno, "cannot list", "");
  (void)copy.release();  // the DIR's now
  std::vector<Entry> found;
  for (;;) {
    errno = 0;
    const auto* e = ::readdir(open_folder.get());
    if (e == nullptr && errno != 0) return system_error(errno, "cannot list", "");
    if (e == nullptr) break;
    const std::string_view name = e->d_name;
    if (name == "." || name == "..") continue;
    Entry entry{std::string(name), e->d_ino, e->d_type};
    struct stat s{};
    if (entry.type == DT_UNKNOWN && ::fstatat(folder.get(), e->d_name, &s, AT_SYMLINK_NOFOLLOW) == 0)
      entry.type = static_cast<unsigned char>(IFTODT(s.st_mode));
    found.push_back(std::move(entry));
  }
  std::ranges::sort(found, {}, &Entry::name);
  return found;
}

Result<std::set<std::string, std::less<>>> mount_points(const std::string& root) {
  std::set<std::string, std::less<>> found;
  const auto text = read_file("/proc/self/mountinfo", max_mountinfo);
  if (!text && text.error().code == Code::unavailable) return found;  // no /proc here: then there is nothing to ask
  if (!text) return text.error();
  const std::string start = root == "/" ? root : root + "/";
  for (std::string_view rest = *text; !rest.empty();) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    for (int field = 0; field < 4; ++field) line.remove_prefix(std::min(line.size(), line.find(' ') + 1));
    const auto path = unescape(line.substr(0, line.find(' ')));
    if (path.starts_with(start) && path.size() > start.size()) found.insert(path.substr(start.size()));
  }
  return found;
}

Result<MountedBase> MountedBase::open(const MountedShadow::Setup& setup, const Visit& seen) {
  MountedBase base;
  base.setup_ = setup;
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(setup.root.c_str(), nullptr), &std::free);
  if (!real) return system_error(errno, "cannot open the folder", escape_for_terminal(setup.root));
  base.real_root_ = real.get();
  WRIT_TRY(base.root_, open_root(base.real_root_));
  WRIT_TRY(base.mounted_, mount_points(base.real_root_));
  base.started_ = system_clock().wall();  // before anything is looked at: what changes from here on is a change
  base.booted_ = system_clock().monotonic();
  WRIT_CHECK(base.walk("", seen));
  std::ranges::sort(base.names_);
  return base;
}

Result<void> MountedBase::walk(const std::string& path, const Visit& seen) {
  auto folder = host_files().open(root_, path, O_RDONLY | O_DIRECTORY);
  if (!folder && is_absent(folder.error().number)) return {};  // gone in between
  if (!folder) return folder.error();
  WRIT_TRY(const auto found, entries(*folder));
  std::vector<std::string> folders;
  for (const auto& e : found) {
    const auto below = join(path, e.name);
    bool hide = hides(below);
    for (const auto& [device, inode] : setup_.hidden_nodes) {
      struct stat s{};
      hide = hide || ((e.listed == inode || mounted_.contains(below)) &&
                      ::fstatat(folder->get(), e.name.c_str(), &s, AT_SYMLINK_NOFOLLOW) == 0 && s.st_ino == inode && s.st_dev == device);
    }
    // What whoever runs this may not list, the task may not either.
    hide = hide || (e.type == DT_DIR && ::faccessat(folder->get(), e.name.c_str(), R_OK | X_OK, AT_EACCESS) != 0 && errno == EACCES);
    if (hide) {
      hidden_.insert(below);
      continue;
    }
    names_.emplace_back(key_of(below), e.listed);
    if (seen) WRIT_CHECK(seen(below, *folder, e));
    if (e.type == DT_DIR) folders.push_back(below);
  }
  folder->reset();  // a tree may be deeper than there are descriptors
  for (const auto& below : folders) WRIT_CHECK(walk(below, seen));
  return {};
}

bool MountedBase::hides(std::string_view path) const {
  return is_own_name(path.substr(path.rfind('/') + 1)) || (setup_.hidden && setup_.hidden(path));
}

namespace {
bool holds(const std::set<std::string, std::less<>>& paths, std::string_view path) {
  const auto start = std::string(path) + "/";
  const auto i = paths.lower_bound(start);
  return paths.contains(path) || (i != paths.end() && i->starts_with(start));
}
}  // namespace
bool MountedBase::holds_hidden(std::string_view path) const { return holds(hidden_, path); }
bool MountedBase::holds_mounted(std::string_view path) const { return holds(mounted_, path); }

std::optional<std::uint64_t> MountedBase::at_start(std::string_view path) const {
  const std::pair<std::uint64_t, std::uint64_t> first{key_of(path), 0};
  const auto i = std::ranges::lower_bound(names_, first);
  if (i == names_.end() || i->first != first.first) return std::nullopt;
  return i->second;
}

Result<std::optional<struct stat>> MountedBase::unchanged(const std::string& path, const Entry* listed) const {
  const auto then = at_start(path);
  if (listed == nullptr && !then) return std::optional<struct stat>();
  if (listed == nullptr || !then || *then != listed->listed) return changed_since(path);
  const auto now = host_files().look(root_, path);
  if (!now) return changed_since(path);
  if (const auto i = known_.find(path); i != known_.end()) {
    if (!S_ISDIR(now->st_mode) && i->second != identity_of(*now)) return changed_since(path);
    return std::optional(*now);
  }
  const auto elapsed = (system_clock().monotonic() - booted_).count();
  const auto passed = system_clock().wall().ns - started_.ns;
  const auto behind = elapsed - passed;  // how far the clock was set back
  const bool set_back = behind > slack_ns + elapsed / second_ns * slew_per_second;
  // A file system that dates by the second: what is dated in that of the start may have changed after it.
  const auto changed = identity_of(*now).changed.ns;
  const auto latest = changed % second_ns == 0 ? changed + second_ns - 1 : changed;
  if (!S_ISDIR(now->st_mode) && latest > started_.ns - (set_back ? behind : 0)) return changed_since(path);
  return std::optional(*now);
}

Error MountedBase::changed_since(std::string_view path) const {
  return {Code::conflict, "it was changed by somebody else since the task started",
          escape_for_terminal(real_root_ + "/" + std::string(path)), "run the task again"};
}

Result<std::vector<Entry>> MountedBase::list(const std::string& path) const {
  const auto folder = host_files().open(root_, path, O_RDONLY | O_DIRECTORY);
  if (!folder && is_absent(folder.error().number)) return std::vector<Entry>();
  if (!folder) return folder.error();
  return entries(*folder);
}

Result<std::optional<Base>> MountedBase::describe(const std::string& path, const struct stat& s) const {
  const auto kind = kind_of(s);
  if (!kind) return std::optional<Base>();
  Base base{{}, identity_of(s), *kind, static_cast<std::uint32_t>(s.st_mode & 0777), {}};
  if (*kind == Kind::link) {
    WRIT_TRY(base.target, host_files().read_link(root_, path));
  }
  return std::optional(std::move(base));
}

}  // namespace writ::workspace
