#include "writ/workspace/rights.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <string>

#include "writ/base/escape.h"
#include "writ/workspace/redo.h"

namespace writ::workspace {
namespace {

constexpr std::uint64_t sealed = STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND;

Error may_not(std::string what, const Tree& tree, std::string_view path) {
  const auto where = escape_for_terminal(tree.root + "/" + std::string(path));
  return {Code::denied, std::move(what), where, "change its rights, or have the task leave it as it is", EACCES};
}

Result<struct statx> look_closely(const Fd& fd, std::string_view path) {
  struct statx s{};
  if (::statx(fd.get(), "", AT_EMPTY_PATH, STATX_BASIC_STATS, &s) != 0) return system_error(errno, "cannot look at", escape_for_terminal(path));
  return s;
}

class Rights {
 public:
  Rights(Files& files, const Fd& root, const Tree& tree) : files_(files), root_(root), tree_(tree) {}

  Result<void> check(const Change& c) {
    const bool stays = c.kind == Kind::folder && c.base && c.base->kind == Kind::folder && c.happened == Happened::changed;
    struct statx there{};
    if (c.base) {
      WRIT_TRY(const auto fd, files_.open(root_, c.path, O_PATH | O_NOFOLLOW));
      WRIT_TRY(there, look_closely(fd, c.path));
      if ((there.stx_attributes & sealed) != 0) return may_not("it is marked as not to be changed", tree_, c.path);
    }
    if (stays && owns(there)) return {};
    if (stays) return may_not("only its owner can change the mode or the time of a folder", tree_, c.path);
    WRIT_TRY(const auto* folder, writable_above(c.path));
    if (c.base && (folder->stx_mode & S_ISVTX) != 0 && !owns(*folder) && !owns(there))
      return may_not("its folder lets only its owner replace or remove it", tree_, c.path);
    return {};
  }

 private:
  bool owns(const struct statx& s) const { return user_ == 0 || s.stx_uid == user_; }

  // The nearest folder above that is there.
  Result<const struct statx*> writable_above(const std::string& path) {
    for (std::string at = parent_of(path);; at = parent_of(at)) {
      if (const auto known = folders_.find(at); known != folders_.end()) return &known->second;
      const auto fd = files_.open(root_, at, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      const int number = fd ? 0 : fd.error().number;
      const bool not_yet = number == ENOENT || number == ENOTDIR || number == ELOOP || number == EXDEV;
      if (not_yet && !at.empty()) continue;
      if (!fd) return fd.error();
      WRIT_TRY(const auto s, look_closely(*fd, at));
      if ((s.stx_attributes & sealed) != 0) return may_not("it is marked as not to be changed", tree_, at);
      if (::faccessat(fd->get(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
        auto e = system_error(errno, "nothing may be made or removed in the folder", escape_for_terminal(tree_.root + "/" + at));
        e.hint = "change its mode, or have the task leave it as it is";
        return e;
      }
      return &folders_.emplace(at, s).first->second;
    }
  }

  Files& files_;
  const Fd& root_;
  const Tree& tree_;
  const uid_t user_ = ::geteuid();
  std::map<std::string, struct statx> folders_;
};

}  // namespace

Result<void> check_rights(Files& files, const Fd& root, const Tree& tree) {
  Rights rights(files, root, tree);
  for (const auto& c : tree.changes) WRIT_CHECK(rights.check(c));
  return {};
}

}  // namespace writ::workspace
