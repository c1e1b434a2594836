// Host files as a session sees them: what was granted, and the folders on the way to it.
#include <algorithm>
#include <cerrno>
#include <set>

#include "writ/gate/session.h"

namespace writ::gate {

using effect::Kind;

// An actor's "leads out" is an escape and belongs in the journal; its other errors are the guest's to see.
Error Session::refused(const effect::Authorized& key, Error e) {
  return e.code == Code::denied ? monitor_.escaped(key, e.where) : e;
}

Result<std::unique_ptr<OpenFile>> Session::open_file(const std::string& path, const FileWish& wish) {
  const auto host = host_of(path);
  if (is_work(host)) return open_work_file(host, wish);
  if (wish.writes()) {
    WRIT_CHECK(monitor_.perform({Kind::file_write, host, 0, 0}));
    return Error{Code::unavailable, "the folder of what was granted is not there", host, {}, ENOENT};
  }
  if (wish.follow == effect::Follow::no) {
    WRIT_TRY(const auto seen, stat_file(path, effect::Follow::no));
    if (seen.type == effect::FileType::symbolic_link) return system_error(ELOOP, "it is a link", host);
  }
  WRIT_TRY(auto key, monitor_.perform({Kind::file_read, host, 0, 0}));
  auto file = setup_.host_files.open(key);
  if (!file) return refused(key, std::move(file.error()));
  WRIT_CHECK(monitor_.confirm(key, (*file)->real_path(), (*file)->host_path()));
  setup_.journal.set_digest(host, (*file)->digest());
  return std::unique_ptr<OpenFile>(new OpenFile(*this, std::move(key), std::move(*file)));
}

// What an actor found is the guest's only if what was decided holds for where it was found.
template <class T>
Result<T> Session::confirmed(const effect::Authorized& key, Result<effect::Located<T>> found) {
  if (!found) return refused(key, std::move(found.error()));
  WRIT_CHECK(monitor_.confirm(key, found->real_path, found->host_path));
  return std::move(found->value);
}

Result<effect::Metadata> Session::stat_file(const std::string& path, effect::Follow follow) {
  const auto host = host_of(path);
  if (is_work(host)) {
    WRIT_TRY(const auto key, authorise(look_kind(host), host, follow));
    return setup_.work_files->stat(key, follow);
  }
  WRIT_TRY(const auto key, monitor_.perform({Kind::file_read, host, 0, 0}));
  return confirmed(key, setup_.host_files.stat(key, follow));
}

Result<std::vector<effect::DirectoryEntry>> Session::list_files(const std::string& folder) {
  const auto host = host_of(folder);
  const auto resource = host == "/" ? host : host + "/";
  if (is_work(host)) {
    WRIT_TRY(const auto key, authorise(look_kind(resource), resource, effect::Follow::yes));
    return setup_.work_files->list(key);
  }
  WRIT_TRY(const auto key, monitor_.perform({Kind::file_read, resource, 0, 0}));
  return confirmed(key, setup_.host_files.list(key));
}

Result<std::string> Session::read_link(const std::string& path) {
  const auto host = host_of(path);
  if (is_work(host)) {
    WRIT_TRY(const auto key, authorise(look_kind(host), host, effect::Follow::no));
    return setup_.work_files->read_link(key);
  }
  WRIT_TRY(const auto key, monitor_.perform({Kind::file_read, host, 0, 0}));
  return confirmed(key, setup_.host_files.read_link(key));
}

// --- the guest's view -----------------------------------------------------------------------------------------------

namespace {

bool within(std::string_view path, std::string_view folder) {
  return folder == "/" || path == folder || (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

bool is_of_files(const authority::Grant& g) { return (g.kind == Kind::file_read || g.kind == Kind::file_write) && g.resource; }

}  // namespace

// The longest mount or granted root that the path lies below says where it is; what is mounted elsewhere is only there.
std::string Session::host_of(const std::string& path) const {
  const Mount* best = nullptr;
  for (const auto& m : setup_.mounts)
    if (within(path, m.at) && (best == nullptr || m.at.size() > best->at.size())) best = &m;
  if (best == nullptr) return path;
  for (const auto& g : setup_.capabilities.grants()) {
    if (!is_of_files(g)) continue;
    const auto root = g.resource->root();
    const bool mounted = std::ranges::any_of(setup_.mounts, [&](const Mount& m) { return within(root, m.host); });
    if (!mounted && within(path, root) && root.size() > best->at.size()) return path;
  }
  const auto rest = std::string_view(path).substr(best->at == "/" ? 1 : std::min(best->at.size() + 1, path.size()));
  if (rest.empty()) return best->host;
  return (best->host == "/" ? "/" : best->host + "/") + std::string(rest);
}

bool Session::has_paths() const {
  return std::ranges::any_of(setup_.capabilities.grants(), [](const authority::Grant& g) {
    const auto form = effect::word(g.kind).resource;
    return form == effect::ResourceForm::host_path || form == effect::ResourceForm::object_path;
  });
}

bool Session::may_list(const std::string& folder) const {
  const auto host = host_of(folder);
  const auto resource = host == "/" ? host : host + "/";
  const Kind kind = is_work(host) ? look_kind(resource) : Kind::file_read;
  return monitor_.visible({kind, resource, 0, 0});
}

bool Session::is_on_the_way(const std::string& folder) const {
  return !names_on_the_way(folder).empty() && !may_list(folder);
}

std::vector<std::string> Session::names_on_the_way(const std::string& folder) const {
  const std::string below = folder == "/" ? folder : folder + "/";
  std::set<std::string> names;
  const auto add = [&](const std::string& root) {
    if (!root.starts_with(below) || root.size() == below.size()) return;
    const auto rest = std::string_view(root).substr(below.size());
    names.emplace(rest.substr(0, rest.find('/')));
  };
  for (const auto& m : setup_.mounts) add(m.at);
  for (const auto& grant : setup_.capabilities.grants()) {
    if (!is_of_files(grant)) continue;
    const std::string root = grant.resource->root();  // the longest folder or file without a wildcard
    if (std::ranges::none_of(setup_.mounts, [&](const Mount& m) { return within(root, m.host); })) add(root);
  }
  return {names.begin(), names.end()};
}

Result<std::size_t> OpenFile::read_at(std::uint64_t offset, std::span<std::byte> out) {
  if (!read_) return Error{Code::denied, "the file was opened for writing only", resource_, {}};
  const auto size = metadata().size;
  const auto n = offset >= size ? 0 : std::min<std::uint64_t>(out.size(), size - offset);
  WRIT_CHECK(session_.monitor_.repeat(*read_, n, size));
  const auto part = out.first(static_cast<std::size_t>(n));
  return file_ ? file_->read_at(offset, part) : work_->read_at(offset, part);
}

}  // namespace writ::gate
