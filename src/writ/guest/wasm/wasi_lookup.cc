#include "writ/guest/wasm/wasi_lookup.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

#include "writ/guest/wasm/wasi_functions.h"

namespace writ::guest::wasm::wasi {
namespace {

// Devices of the virtual root; the host's files keep their own.
constexpr std::uint64_t virtual_device = 0x77726974;

// FNV-1a over the path: the same object has the same number in every run, and never 0, which wasi-libc takes for unknown.
std::uint64_t inode_of(std::string_view path) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : path) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash == 0 ? 1 : hash;
}

FileKind kind_of(effect::FileType type) {
  switch (type) {
    case effect::FileType::regular: return FileKind::regular;
    case effect::FileType::directory: return FileKind::directory;
    case effect::FileType::symbolic_link: return FileKind::symbolic_link;
    case effect::FileType::other: return FileKind::unknown;
  }
  std::unreachable();
}

std::uint64_t wasi_time(WallTime t) { return static_cast<std::uint64_t>(std::max<std::int64_t>(t.ns, 0)); }

Answer<FileStat> look_at_state(WasiGuest& guest, const Place& place) {
  if (place.path.empty() || is_made_folder(guest, place.path)) return stat_of_folder(place);
  const auto entry = guest.session().stat_object(place.path);
  if (!entry) return std::unexpected(guest.refused(entry.error()));
  return entry->type == effect::FileType::directory ? stat_of_folder(place) : stat_of_object(place.path, entry->size);
}

Answer<FileStat> look_at_host(WasiGuest& guest, const Place& place, effect::Follow follow) {
  if (guest.session().is_on_the_way(place.path)) return stat_of_folder(place);
  const auto metadata = guest.session().stat_file(place.path, follow);
  if (!metadata) return std::unexpected(guest.refused(metadata.error()));
  return stat_of(*metadata);
}

using Names = std::map<std::string, FolderEntry, std::less<>>;  // a listing is in the order of its names

void add_made_folders(WasiGuest& guest, const Place& place, Names& names) {
  const std::string prefix = place.path.empty() ? "" : place.path + "/";
  for (auto i = guest.made_folders().lower_bound(prefix); i != guest.made_folders().end() && i->starts_with(prefix); ++i) {
    const std::string name = i->substr(prefix.size(), i->find('/', prefix.size()) - prefix.size());
    if (!name.empty()) names.try_emplace(name, name, FileKind::directory, inode_of(place.child(name).full()));
  }
}

Answer<Names> list_state(WasiGuest& guest, const Place& place) {
  Names names;
  const auto entries = guest.session().list_objects(place.path);
  if (!entries && entries.error().number != ENOENT) return std::unexpected(guest.refused(entries.error()));
  if (!entries && !place.path.empty() && !is_made_folder(guest, place.path)) return std::unexpected(Errno::noent);
  if (entries)
    for (const auto& e : *entries) names.try_emplace(e.name, e.name, kind_of(e.type), inode_of(place.child(e.name).full()));
  add_made_folders(guest, place, names);
  return names;
}

Answer<Names> list_host(WasiGuest& guest, const Place& place) {
  Names names;
  if (place.realm == Realm::root) names.try_emplace("state", "state", FileKind::directory, inode_of("/state"));
  const bool in_full = place.realm == Realm::host ? !guest.session().is_on_the_way(place.path) : guest.session().may_list("/");
  if (!in_full) {
    for (const auto& name : guest.session().names_on_the_way(place.path)) {
      const Place child = place.child(name);
      const FileKind kind = guest.session().is_on_the_way(child.path) ? FileKind::directory : FileKind::unknown;
      names.try_emplace(name, name, kind, inode_of(child.path));
    }
    return names;
  }
  const auto entries = guest.session().list_files(place.path);
  if (!entries) return std::unexpected(guest.refused(entries.error()));
  for (const auto& e : *entries) names.try_emplace(e.name, e.name, kind_of(e.type), e.inode);
  return names;
}

}  // namespace

Answer<Place> place_at(WasiGuest& guest, const Call& call, std::uint32_t descriptor, std::size_t i, Rights wanted) {
  Descriptor* d = guest.descriptors().find(descriptor);
  if (!d) return std::unexpected(Errno::badf);
  if (!d->folder()) return std::unexpected(Errno::notdir);
  if (!d->may(wanted)) return std::unexpected(Errno::notcapable);
  const std::uint32_t at = call.word(i), length = call.word(i + 1);
  if (!call.memory().contains(at, length)) return std::unexpected(Errno::fault);
  const auto bytes = call.memory().at(at, length);
  auto place = resolve(d->folder()->place, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (place && place->leaves) return std::unexpected(refuse_change(guest, *place, Errno::perm));
  return place;
}

Answer<FileStat> look_at(WasiGuest& guest, const Place& place, effect::Follow follow) {
  if (place.realm == Realm::root) return stat_of_folder(place);
  auto stat = place.realm == Realm::state ? look_at_state(guest, place)
                                          : look_at_host(guest, place, place.must_be_folder ? effect::Follow::yes : follow);
  if (stat && place.must_be_folder && stat->kind != FileKind::directory) return std::unexpected(Errno::notdir);
  return stat;
}

Answer<std::vector<FolderEntry>> list(WasiGuest& guest, const Place& place) {
  auto names = place.realm == Realm::state ? list_state(guest, place) : list_host(guest, place);
  if (!names) return std::unexpected(names.error());
  std::vector<FolderEntry> out;
  for (auto& [name, entry] : *names) out.push_back(std::move(entry));
  return out;
}

Errno refuse_change(WasiGuest& guest, const Place& place, Errno answer) {
  if (place.realm == Realm::root) return answer;
  const auto seen = look_at(guest, {place.realm, place.path}, effect::Follow::no);
  return !seen && seen.error() == Errno::acces && answer != Errno::perm ? Errno::acces : answer;
}

Answer<effect::FileTimes> times_of(WasiGuest& guest, std::uint64_t accessed, std::uint64_t modified, std::uint32_t flags) {
  const auto has = [&](std::uint32_t f) { return (flags & f) != 0; };
  const bool contradicts = (has(set_accessed) && has(set_accessed_now)) || (has(set_modified) && has(set_modified_now));
  if (contradicts || flags > (set_accessed | set_accessed_now | set_modified | set_modified_now)) return std::unexpected(Errno::inval);
  if ((has(set_accessed) && accessed > INT64_MAX) || (has(set_modified) && modified > INT64_MAX)) return std::unexpected(Errno::inval);
  effect::FileTimes times;
  if (has(set_accessed_now) || has(set_modified_now)) {
    const WallTime now = guest.session().wall_time();
    if (has(set_accessed_now)) times.accessed = now;
    if (has(set_modified_now)) times.modified = now;
  }
  if (has(set_accessed)) times.accessed = WallTime{static_cast<std::int64_t>(accessed)};
  if (has(set_modified)) times.modified = WallTime{static_cast<std::int64_t>(modified)};
  return times;
}

Errno set_times(WasiGuest& guest, const Place& place, effect::Follow follow, const effect::FileTimes& times) {
  if (place.realm != Realm::host) return refuse_change(guest, place, Errno::notsup);
  const auto set = guest.session().set_file_times(place.path, place.must_be_folder ? effect::Follow::yes : follow, times);
  return set ? Errno::success : guest.refused(set.error());
}

bool is_made_folder(WasiGuest& guest, std::string_view path) {
  const auto& made = guest.made_folders();
  const auto i = made.lower_bound(path);
  if (i == made.end()) return false;
  if (*i == path) return true;
  const auto below = made.lower_bound(std::string(path) + "/");
  return below != made.end() && below->starts_with(path) && below->size() > path.size() && (*below)[path.size()] == '/';
}

void make_folders_above(WasiGuest& guest, std::string_view path) {
  constexpr std::size_t most_folders = 4096;
  for (std::size_t end = path.rfind('/'); end != std::string_view::npos && end > 0; end = path.rfind('/', end - 1))
    if (guest.made_folders().size() < most_folders) guest.made_folders().emplace(path.substr(0, end));
}

FileStat stat_of_object(std::string_view path, std::uint64_t size) {
  return {virtual_device, inode_of("/state/" + std::string(path)), FileKind::regular, {}, 1, size, 0, 0, 0};
}

FileStat stat_of_folder(const Place& place) {
  return {virtual_device, inode_of(place.full()), FileKind::directory, {}, 1, 0, 0, 0, 0};
}

FileStat stat_of(const effect::Metadata& m) {
  return {m.device, m.inode, kind_of(m.type), {}, m.links, m.size, wasi_time(m.accessed), wasi_time(m.modified), wasi_time(m.changed)};
}

}  // namespace writ::guest::wasm::wasi
