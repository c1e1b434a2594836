// Host files as a session sees them: what was granted, and the folders on the way to it.
#include <algorithm>
#include <set>

#include "writ/gate/session.h"

namespace writ::gate {

using effect::Effect;
using effect::Kind;

// An actor's "leads out" is an escape and belongs in the journal; its other errors are the guest's to see.
Error Session::refused(const effect::Authorized& key, Error e) {
  return e.code == Code::denied ? monitor_.escaped(key, e.where) : e;
}

Result<std::unique_ptr<OpenFile>> Session::open_file(const std::string& path) {
  WRIT_TRY(auto key, monitor_.perform({Kind::file_read, path, 0, 0}));
  auto file = setup_.host_files.open(key);
  if (!file) return refused(key, std::move(file.error()));
  WRIT_CHECK(monitor_.confirm(key, (*file)->real_path(), (*file)->host_path()));
  setup_.journal.set_digest(path, (*file)->digest());
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
  WRIT_TRY(const auto key, monitor_.perform({Kind::file_read, path, 0, 0}));
  return confirmed(key, setup_.host_files.stat(key, follow));
}

Result<std::vector<effect::DirectoryEntry>> Session::list_files(const std::string& folder) {
  WRIT_TRY(const auto key, monitor_.perform({Kind::file_read, folder == "/" ? folder : folder + "/", 0, 0}));
  return confirmed(key, setup_.host_files.list(key));
}

Result<std::string> Session::read_link(const std::string& path) {
  WRIT_TRY(const auto key, monitor_.perform({Kind::file_read, path, 0, 0}));
  return confirmed(key, setup_.host_files.read_link(key));
}

bool Session::may_list(const std::string& folder) const {
  return setup_.capabilities.decide({Kind::file_read, folder == "/" ? folder : folder + "/", 0, 0}).allowed();
}

bool Session::is_on_the_way(const std::string& folder) const {
  return !names_on_the_way(folder).empty() && !may_list(folder);
}

std::vector<std::string> Session::names_on_the_way(const std::string& folder) const {
  const std::string below = folder == "/" ? folder : folder + "/";
  std::set<std::string> names;
  for (const auto& grant : setup_.capabilities.grants()) {
    if (grant.kind != Kind::file_read || !grant.resource) continue;
    const std::string root = grant.resource->root();  // the longest folder or file without a wildcard
    if (!root.starts_with(below) || root.size() == below.size()) continue;
    const auto rest = std::string_view(root).substr(below.size());
    names.emplace(rest.substr(0, rest.find('/')));
  }
  return {names.begin(), names.end()};
}

Result<std::size_t> OpenFile::read_at(std::uint64_t offset, std::span<std::byte> out) {
  const auto size = file_->metadata().size;
  const auto n = offset >= size ? 0 : std::min<std::uint64_t>(out.size(), size - offset);
  WRIT_CHECK(session_.monitor_.repeat(key_, n, size));
  return file_->read_at(offset, out.first(static_cast<std::size_t>(n)));
}

}  // namespace writ::gate
