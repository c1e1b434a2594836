#include "writ/workspace/shadow_nodes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <vector>

#include "writ/base/escape.h"
#include "writ/base/quantity.h"
#include "writ/workspace/contents.h"

namespace writ::workspace {
namespace {

constexpr std::size_t copy_piece = 256 * 1024;
constexpr std::size_t longest_name = 255;
// Inodes of what the task makes: far from those that file systems give out.
constexpr std::uint64_t first_made = 1ull << 62;

WallTime time_of(const timespec& t) { return {t.tv_sec * 1'000'000'000 + t.tv_nsec}; }

Status::Type type_of(const struct stat& s) {
  const auto kind = kind_of(s);
  if (!kind) return Status::Type::other;
  return *kind == Kind::file ? Status::Type::file : *kind == Kind::folder ? Status::Type::folder : Status::Type::link;
}

Error leads_out(std::string_view path, std::string_view to) {
  Error e = file_error(EPERM, Code::denied, "the path leads out of the folder", to);
  e.hint = escape_for_terminal(path);
  return e;
}

void push_segments(std::deque<std::string>& segments_left, std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const auto end = path.find('/');
    if (const auto s = path.substr(0, end); !s.empty() && s != ".") segments.emplace_back(s);
    path.remove_prefix(end == path.npos ? path.size() : end + 1);
  }
  segments_left.insert(segments_left.begin(), segments.begin(), segments.end());
}

}  // namespace

Error file_error(int number, Code code, std::string_view what, std::string_view path) {
  Error e{code, std::string(what), escape_for_terminal(path), {}};
  e.number = number;
  return e;
}

bool is_below(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && (folder.empty() || path[folder.size()] == '/');
}

Nodes::Nodes(Shadow::Setup setup, Fd root, std::string real_root)
    : setup_(std::move(setup)), root_(std::move(root)), real_root_(std::move(real_root)), top_(std::make_shared<Node>()) {
  top_->type = Status::Type::folder;
  top_->base_path = "";
  struct stat s{};
  if (::fstat(root_.get(), &s) == 0) {
    top_->device = s.st_dev;
    top_->inode = s.st_ino;
    top_->mode = s.st_mode & 0777;
    top_->accessed = time_of(s.st_atim);
    top_->modified = time_of(s.st_mtim);
    top_->changed = time_of(s.st_ctim);
    seen_.emplace("", Base{{}, identity_of(s), Kind::folder, top_->mode, {}});
  }
}

Result<NodePtr> Nodes::from_base(const std::string& path) {
  auto& files = host_files();
  auto looked = files.look(root_, path);
  if (!looked && (looked.error().number == ENOENT || looked.error().number == ENOTDIR)) return NodePtr();
  // A folder on the way became a link: what was seen is no longer there.
  if (!looked && (looked.error().number == ELOOP || looked.error().number == EXDEV))
    return Error{Code::conflict, "a folder was exchanged while the task used it", escape_for_terminal(path), "try again"};
  if (!looked) return std::move(looked.error());
  const struct stat& s = *looked;
  for (const auto& [device, inode] : setup_.hidden)
    if (s.st_dev == device && s.st_ino == inode) return NodePtr();
  if (seen_.size() >= max_nodes)
    return file_error(ENOSPC, Code::exhausted, "the task looked at more than " + std::to_string(max_nodes) + " names", path);
  auto node = std::make_shared<Node>();
  node->type = type_of(s);
  node->base_path = path;
  node->device = s.st_dev;
  node->inode = s.st_ino;
  node->links = s.st_nlink;
  node->size = static_cast<std::uint64_t>(s.st_size);
  node->mode = s.st_mode & 07777;
  node->accessed = time_of(s.st_atim);
  node->modified = time_of(s.st_mtim);
  node->changed = time_of(s.st_ctim);
  if (node->type == Status::Type::link) {
    WRIT_TRY(node->target, files.read_link(root_, path));
  }
  if (const auto kind = kind_of(s))
    seen_.try_emplace(path, Base{{}, identity_of(s), *kind, static_cast<std::uint32_t>(s.st_mode & 0777), node->target});
  return node;
}

Result<NodePtr> Nodes::child(Node& folder, const std::string& name) {
  if (const auto i = folder.names.find(name); i != folder.names.end()) return i->second;
  if (folder.complete || !folder.base_path || is_own_name(name)) return NodePtr();
  const auto path = join(*folder.base_path, name);
  if (gone_.contains(path) || hides(path)) return NodePtr();
  WRIT_TRY(auto node, from_base(path));
  if (node) folder.names.emplace(name, node);
  return node;
}

Result<void> Nodes::complete(Node& folder) {
  if (folder.complete || !folder.base_path) return {};
  auto& files = host_files();
  auto open = files.open(root_, *folder.base_path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
  if (!open) {
    if (open.error().code == Code::denied) open.error().code = Code::unavailable;  // the host's no, not the gate's
    return std::move(open.error());
  }
  struct stat s{};
  if (::fstat(open->get(), &s) != 0 || s.st_ino != folder.inode || s.st_dev != folder.device)
    return Error{Code::conflict, "a folder was exchanged while the task used it", escape_for_terminal(*folder.base_path), "try again"};
  WRIT_TRY(const auto names, files.list(*open));
  for (const auto& name : names) {
    WRIT_TRY(const auto node, child(folder, name));
    folder.keeps = folder.keeps || (!node && !gone_.contains(join(*folder.base_path, name)));
  }
  folder.complete = true;
  return {};
}

Result<Spot> Nodes::find(std::string_view path, Follow follow) {
  std::vector<Spot> way{{nullptr, top_, "", ""}};
  std::deque<std::string> segments_left;
  push_segments(segments_left, path);
  int links = 0;
  while (!segments_left.empty()) {
    const std::string name = std::move(segments_left.front());
    segments_left.pop_front();
    if (name == "..") {
      if (way.size() == 1) return leads_out(path, "..");
      way.pop_back();
      continue;
    }
    if (name.size() > longest_name) return file_error(ENAMETOOLONG, Code::invalid, "the name is too long", path);
    const NodePtr folder = way.back().node;
    if (!folder) return file_error(ENOENT, Code::unavailable, "no such folder", path);
    if (folder->type != Status::Type::folder) return file_error(ENOTDIR, Code::invalid, "not a folder", path);
    WRIT_TRY(auto node, child(*folder, name));
    if (node && node->type == Status::Type::link && (!segments_left.empty() || follow == Follow::yes)) {
      if (++links > max_links) return file_error(ELOOP, Code::invalid, "too many links", path);
      if (node->target.starts_with('/')) return leads_out(path, node->target);
      push_segments(segments_left, node->target);
      continue;
    }
    way.push_back({folder, std::move(node), name, join(way.back().path, name)});
  }
  return std::move(way.back());
}

Result<Spot> Nodes::need(std::string_view path, Follow follow) {
  WRIT_TRY(auto spot, find(path, follow));
  if (!spot.node) return file_error(ENOENT, Code::unavailable, "no such file or folder", path);
  return spot;
}

Result<void> Nodes::check_target(std::string_view target, std::string_view path) const {
  if (target.empty() || target.find('\0') != target.npos) return file_error(ENOENT, Code::invalid, "a link needs a target", path);
  if (target.size() >= 4096) return file_error(ENAMETOOLONG, Code::invalid, "the target is too long", path);
  auto depth = std::count(path.begin(), path.end(), '/');
  std::deque<std::string> segments;
  push_segments(segments, target);
  for (const auto& s : segments) {
    depth += s == ".." ? -1 : 1;
    if (depth < 0) return leads_out(path, target);
  }
  if (target.starts_with('/')) return leads_out(path, target);
  return {};
}

NodePtr Nodes::make(Status::Type type, std::uint32_t mode) {
  auto node = std::make_shared<Node>();
  node->type = type;
  node->device = top_->device;
  node->inode = first_made + ++made_;
  node->mode = mode;
  node->accessed = node->modified = node->changed = now();
  node->complete = type == Status::Type::folder;
  return node;
}

void Nodes::put(const Spot& at, NodePtr node) {
  if (node->base_path == at.path) gone_.erase(at.path);
  at.folder->names[at.name] = std::move(node);
  at.folder->modified = at.folder->changed = now();
}

void Nodes::take(const Spot& at) {
  at.folder->names.erase(at.name);
  // What the base has under this name is hidden from now on, whatever was moved here meanwhile.
  if (at.folder->base_path) gone_.insert(join(*at.folder->base_path, at.name));
  at.folder->modified = at.folder->changed = now();
}

Result<Fd> Nodes::open_base(const Node& node) const {
  const auto& path = *node.base_path;
  auto& files = host_files();
  auto fd = files.open(root_, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
  if (!fd && fd.error().code == Code::denied) fd.error().code = Code::unavailable;
  if (!fd && fd.error().number == EACCES) return std::move(fd.error());
  struct stat s{};
  const auto then = seen_.find(path);
  if (!fd || ::fstat(fd->get(), &s) != 0 || then == seen_.end() || identity_of(s) != then->second.identity)
    return Error{Code::conflict, "the file was changed by somebody else since the task looked at it", escape_for_terminal(path), "try again"};
  return std::move(*fd);
}

Result<void> Nodes::charge(std::uint64_t more) {
  if (more > max_shadow.value() - std::min(used_, max_shadow.value()))
    return file_error(ENOSPC, Code::exhausted, "a task writes at most " + format_size(max_shadow) + " to folders", "");
  used_ += more;
  return {};
}

Result<Fd> Nodes::open_copy(const Node& node) const {
  const auto path = copy_path(node.copy);
  Fd fd(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return system_error(errno, "cannot open the task's own copy", path);
  return fd;
}

Result<Fd> Nodes::copy_up(Node& node, Empty empty) {
  if (node.copy != 0) return open_copy(node);
  if ((node.mode & 07000) != 0 && node.base_path)
    return file_error(EPERM, Code::denied, "files with set-user or set-group bits are not written", *node.base_path);
  if (!held_) {
    WRIT_TRY(held_, hold_contents(setup_.contents));
  }
  Fd from;
  if (node.base_path && empty == Empty::no) {
    WRIT_TRY(from, open_base(node));
    WRIT_CHECK(charge(node.size));
  } else if (node.base_path) {
    WRIT_CHECK(open_base(node));  // it is still what the task saw
  }
  const auto path = copy_path(++copies_);
  Fd to(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!to) return system_error(errno, "cannot make a private copy", path);
  auto& files = host_files();
  if (from) {
    std::vector<std::byte> buffer(std::clamp<std::uint64_t>(node.size, 1, copy_piece));
    for (std::uint64_t at = 0;;) {
      WRIT_TRY(const auto n, files.read(from, at, buffer));
      if (n == 0) break;
      WRIT_CHECK(files.write(to, at, std::span(buffer).first(n)));
      at += n;
    }
    WRIT_CHECK(open_base(node));  // it did not change while it was copied
  } else {
    node.size = 0;
  }
  node.copy = copies_;
  return to;
}

}  // namespace writ::workspace
