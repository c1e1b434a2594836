#include "writ/workspace/shadow.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "writ/base/escape.h"
#include "writ/workspace/seal.h"
#include "writ/workspace/shadow_parts.h"

namespace writ::workspace {
namespace {

constexpr std::uint32_t file_mode = 0644, folder_mode = 0755, link_mode = 0777;

Error busy_root() { return file_error(EBUSY, Code::invalid, "the folder itself cannot be changed", ""); }

Result<void> check_name(const Nodes& nodes, std::string_view path, const Spot& at) {
  if (at.folder == nullptr) return busy_root();
  if (is_own_name(at.name)) return file_error(EPERM, Code::denied, "the name is Writ's own", path);
  if (nodes.hides(at.path)) return file_error(EPERM, Code::denied, "the name is hidden from the task", path);
  return {};
}

// Where something new may be made. `find` has looked: so the base has nothing there, or it is in the way.
Result<Spot> free_spot(Nodes& nodes, std::string_view path) {
  WRIT_TRY(auto at, nodes.find(path, Follow::no));
  if (at.folder == nullptr) return file_error(EEXIST, Code::conflict, "it exists", path);
  WRIT_CHECK(check_name(nodes, path, at));
  if (at.node) return file_error(EEXIST, Code::conflict, "it exists", path);
  return at;
}

Result<void> check_movable(const Node& node, std::string_view path) {
  if (node.type == Status::Type::other)
    return file_error(EPERM, Code::denied, "sockets, devices and named pipes are not moved or removed", path);
  return {};
}

Result<bool> is_empty(Nodes& nodes, Node& folder) {
  WRIT_CHECK(nodes.complete(folder));
  return folder.names.empty();
}

}  // namespace

Status status_of(const Node& n) {
  const bool folder = n.type == Status::Type::folder;
  return {n.type, n.device, n.inode, folder ? 1 : n.links, folder ? 0 : n.type == Status::Type::link ? n.target.size() : n.size,
          n.accessed, n.modified, n.changed};
}

Shadow::Shadow(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Shadow::~Shadow() = default;

Result<std::unique_ptr<Shadow>> Shadow::open(Setup setup) {
  Fd root(::open(setup.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return system_error(errno, "cannot open the folder", escape_for_terminal(setup.root));
  std::array<char, PATH_MAX> name;
  const auto link = "/proc/self/fd/" + std::to_string(root.get());
  const ssize_t n = ::readlink(link.c_str(), name.data(), name.size());
  if (n <= 0) return Error{Code::unavailable, "cannot tell where a folder is", escape_for_terminal(setup.root), "mount /proc"};
  std::string real(name.data(), static_cast<std::size_t>(n));
  return std::unique_ptr<Shadow>(
      new Shadow(std::make_unique<Parts>(Parts{std::make_shared<Nodes>(std::move(setup), std::move(root), std::move(real))})));
}

const std::string& Shadow::root() const { return parts_->nodes->real_root(); }

Result<std::string> Shadow::resolve(std::string_view path, Follow follow) const {
  WRIT_TRY(auto spot, parts_->nodes->find(path, follow));
  return std::move(spot.path);
}

Result<Status> Shadow::look(std::string_view path, Follow follow) {
  WRIT_TRY(const auto spot, parts_->nodes->need(path, follow));
  return status_of(*spot.node);
}

Result<std::vector<ListEntry>> Shadow::list(std::string_view path) {
  auto& nodes = *parts_->nodes;
  WRIT_TRY(const auto spot, nodes.need(path, Follow::yes));
  if (spot.node->type != Status::Type::folder) return file_error(ENOTDIR, Code::invalid, "not a folder", path);
  WRIT_CHECK(nodes.complete(*spot.node));
  std::vector<ListEntry> entries;
  for (const auto& [name, node] : spot.node->names) entries.push_back({name, node->type, node->inode});
  return entries;
}

Result<std::string> Shadow::read_link(std::string_view path) {
  WRIT_TRY(const auto spot, parts_->nodes->need(path, Follow::no));
  if (spot.node->type != Status::Type::link) return file_error(EINVAL, Code::invalid, "not a link", path);
  return spot.node->target;
}

Result<std::vector<std::string>> Shadow::below(std::string_view path) {
  auto& nodes = *parts_->nodes;
  WRIT_TRY(const auto top, nodes.need(path, Follow::no));
  std::vector<std::pair<std::string, NodePtr>> unvisited{{top.path, top.node}};
  std::vector<std::string> paths;
  while (!unvisited.empty()) {
    auto [at, node] = std::move(unvisited.back());
    unvisited.pop_back();
    WRIT_CHECK(check_movable(*node, at));
    paths.push_back(at);
    if (node->type != Status::Type::folder) continue;
    WRIT_CHECK(nodes.complete(*node));
    if (node->keeps) return file_error(EBUSY, Code::denied, "the folder holds what is hidden from the task, and stays where it is", at);
    for (const auto& [name, child] : node->names) unvisited.emplace_back(join(at, name), child);
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

Result<std::unique_ptr<ShadowFile>> Shadow::open_file(std::string_view path, Follow follow, Use use, Create create, Empty empty) {
  auto& nodes = *parts_->nodes;
  WRIT_TRY(auto at, nodes.find(path, create == Create::always_new ? Follow::no : follow));
  if (at.node && create == Create::always_new) return file_error(EEXIST, Code::conflict, "it exists", path);
  if (at.node && at.node->type == Status::Type::link) return file_error(ELOOP, Code::invalid, "it is a link", path);
  if (at.node && at.node->type == Status::Type::folder) return file_error(EISDIR, Code::invalid, "it is a folder", path);
  if (at.node && at.node->type == Status::Type::other)
    return file_error(EOPNOTSUPP, Code::unsupported, "only regular files and folders are opened", path);
  if (!at.node) {
    if (create == Create::no) return file_error(ENOENT, Code::unavailable, "no such file", path);
    WRIT_CHECK(check_name(nodes, path, at));
    at.node = nodes.make(Status::Type::file, file_mode);
    WRIT_CHECK(nodes.copy_up(*at.node, Empty::yes));
    nodes.put(at, at.node);
  } else if (empty == Empty::yes && at.node->size + at.node->copy > 0) {
    WRIT_TRY(const auto fd, nodes.copy_up(*at.node, Empty::yes));
    if (::ftruncate(fd.get(), 0) != 0) return system_error(errno, "cannot cut", escape_for_terminal(path));
    nodes.refund(at.node->size);
    at.node->size = 0;
    at.node->modified = at.node->changed = nodes.now();
    at.node->set_modified.reset();
  } else if (use != Use::write && at.node->copy == 0) {
    WRIT_CHECK(nodes.open_base(*at.node));
    nodes.read().insert(*at.node->base_path);
  } else if (use != Use::read && (at.node->mode & 07000) != 0) {
    return file_error(EPERM, Code::denied, "files with set-user or set-group bits are not written", path);
  }
  return std::unique_ptr<ShadowFile>(new ShadowFile(std::make_unique<ShadowFile::Parts>(ShadowFile::Parts{parts_->nodes, at.node, {}, {}})));
}

Result<void> Shadow::make_folder(std::string_view path) {
  WRIT_TRY(const auto at, free_spot(*parts_->nodes, path));
  parts_->nodes->put(at, parts_->nodes->make(Status::Type::folder, folder_mode));
  return {};
}

Result<void> Shadow::remove_folder(std::string_view path) {
  auto& nodes = *parts_->nodes;
  WRIT_TRY(const auto at, nodes.need(path, Follow::no));
  if (at.folder == nullptr) return busy_root();
  if (at.node->type != Status::Type::folder) return file_error(ENOTDIR, Code::invalid, "not a folder", path);
  WRIT_TRY(const bool empty, is_empty(nodes, *at.node));
  if (!empty || at.node->keeps) return file_error(ENOTEMPTY, Code::conflict, "the folder is not empty", path);
  nodes.take(at);
  return {};
}

Result<void> Shadow::remove_file(std::string_view path) {
  auto& nodes = *parts_->nodes;
  WRIT_TRY(const auto at, nodes.need(path, Follow::no));
  if (at.node->type == Status::Type::folder) return file_error(EISDIR, Code::invalid, "it is a folder", path);
  WRIT_CHECK(check_movable(*at.node, path));
  nodes.take(at);
  if (at.node->links > 0) --at.node->links;
  return {};
}

Result<void> Shadow::rename(std::string_view from, std::string_view to) {
  auto& nodes = *parts_->nodes;
  WRIT_TRY(const auto source, nodes.need(from, Follow::no));
  WRIT_TRY(auto target, nodes.find(to, Follow::no));
  if (source.folder == nullptr || target.folder == nullptr) return busy_root();
  WRIT_CHECK(check_name(nodes, to, target));
  if (source.path == target.path || source.node == target.node) return {};  // POSIX: two names of one file stay
  const bool folder = source.node->type == Status::Type::folder;
  if (target.node && target.node->type == Status::Type::folder && !folder)
    return file_error(EISDIR, Code::invalid, "it is a folder", to);
  if (target.node && target.node->type != Status::Type::folder && folder)
    return file_error(ENOTDIR, Code::invalid, "it is not a folder", to);
  if (is_below(target.path, source.path)) return file_error(EINVAL, Code::invalid, "a folder cannot go into itself", to);
  if (target.node) {
    WRIT_CHECK(check_movable(*target.node, to));
    if (folder) {
      WRIT_TRY(const bool empty, is_empty(nodes, *target.node));
      if (!empty) return file_error(ENOTEMPTY, Code::conflict, "the folder is not empty", to);
    }
  }
  WRIT_CHECK(below(from));  // all of it is known, and may be moved
  if (!folder && (source.node->mode & 07000) != 0)
    return file_error(EPERM, Code::denied, "files with set-user or set-group bits are not moved", from);
  nodes.take(source);
  if (target.node) {
    if (target.node->links > 0) --target.node->links;
    nodes.take(target);
  }
  source.node->changed = nodes.now();
  nodes.put(target, source.node);
  return {};
}

Result<void> Shadow::make_link(std::string_view target, std::string_view path) {
  WRIT_TRY(const auto at, free_spot(*parts_->nodes, path));
  WRIT_CHECK(parts_->nodes->check_target(target, at.path));
  auto node = parts_->nodes->make(Status::Type::link, link_mode);
  node->target = std::string(target);
  parts_->nodes->put(at, std::move(node));
  return {};
}

Result<void> Shadow::add_name(std::string_view existing, std::string_view path) {
  auto& nodes = *parts_->nodes;
  WRIT_TRY(const auto from, nodes.need(existing, Follow::no));
  if (from.node->type == Status::Type::folder || from.node->type == Status::Type::other || (from.node->mode & 07000) != 0)
    return file_error(EPERM, Code::denied, "only files and links get a second name", existing);
  WRIT_TRY(const auto at, free_spot(nodes, path));
  nodes.put(at, from.node);
  ++from.node->links;
  from.node->changed = nodes.now();
  return {};
}

Result<void> Shadow::set_times(std::string_view path, Follow follow, Times times) {
  WRIT_TRY(const auto at, parts_->nodes->need(path, follow));
  return set_times_of(*parts_->nodes, *at.node, times);
}

Result<void> set_times_of(Nodes& nodes, Node& node, Times times) {
  if (node.type == Status::Type::other)
    return file_error(EPERM, Code::denied, "sockets, devices and named pipes are not changed", node.base_path.value_or(""));
  if (times.modified && node.type == Status::Type::file) WRIT_CHECK(nodes.copy_up(node, Empty::no));
  if (times.accessed) node.accessed = *times.accessed;
  if (times.modified) node.modified = *times.modified, node.set_modified = times.modified;
  node.changed = nodes.now();
  return {};
}

Result<Tree> Shadow::seal() { return workspace::seal(*parts_->nodes); }

}  // namespace writ::workspace
