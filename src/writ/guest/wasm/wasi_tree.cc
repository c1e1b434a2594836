// The functions on paths besides path_open. Only the state changes; what would change the host is refused after a look, so
// that the try is in the journal.
#include <algorithm>

#include "writ/guest/wasm/wasi_calls.h"
#include "writ/guest/wasm/wasi_lookup.h"

namespace writ::guest::wasm::wasi {
namespace {

constexpr std::size_t most_made_folders = 4096;
constexpr int deepest_rename = 64;  // folders within folders that one rename follows

Errno done(WasiGuest& guest, const Result<void>& result) { return result ? Errno::success : guest.refused(result.error()); }

// Everything below a folder goes along. Each object is a rename of its own; the commit makes them one.
Errno rename_objects(WasiGuest& guest, const std::string& from, const std::string& to, int depth) {
  if (depth > deepest_rename) return Errno::nametoolong;
  const auto entries = guest.session().list_objects(from);
  if (!entries && entries.error().code != Code::unavailable) return guest.refused(entries.error());
  if (entries)
    for (const auto& e : *entries) {
      const std::string old_path = from + "/" + e.name, new_path = to + "/" + e.name;
      const Errno moved = e.type == effect::FileType::directory
                              ? rename_objects(guest, old_path, new_path, depth + 1)
                              : done(guest, guest.session().rename_object(old_path, new_path));
      if (moved != Errno::success) return moved;
    }
  return Errno::success;
}

bool is_below(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

Errno rename_folder(WasiGuest& guest, const std::string& from, const std::string& to) {
  if (const Errno moved = rename_objects(guest, from, to, 0); moved != Errno::success) return moved;
  auto& made = guest.made_folders();
  std::vector<std::string> gone;
  for (auto i = made.lower_bound(from); i != made.end() && i->starts_with(from); ++i)
    if (*i == from || is_below(*i, from)) gone.push_back(*i);
  for (const auto& path : gone) {
    made.erase(path);
    made.insert(to + path.substr(from.size()));
  }
  make_folders_above(guest, from);
  made.insert(to);
  return Errno::success;
}

Errno rename_in_state(WasiGuest& guest, const Place& from, const Place& to) {
  if (from.path.empty() || to.path.empty()) return Errno::busy;  // the top itself
  const auto source = look_at(guest, from, effect::Follow::no);
  if (!source) return source.error();
  if (from.path == to.path) return Errno::success;
  const auto target = look_at(guest, {to.realm, to.path, false}, effect::Follow::no);
  if (!target && target.error() != Errno::noent) return target.error();
  const bool folder = source->kind == FileKind::directory;
  if (target && target->kind == FileKind::directory && !folder) return Errno::isdir;
  if (target && target->kind != FileKind::directory && folder) return Errno::notdir;
  if (!folder) {
    if (to.must_be_folder) return Errno::notdir;
    make_folders_above(guest, from.path);
    return done(guest, guest.session().rename_object(from.path, to.path));
  }
  if (is_below(to.path, from.path)) return Errno::inval;
  if (target) {
    const auto inside = list(guest, to);
    if (!inside) return inside.error();
    if (!inside->empty()) return Errno::notempty;
  }
  return rename_folder(guest, from.path, to.path);
}

}  // namespace

// (folder, path, length). A folder of the state is a word in this guest's own table until an object is written below it.
Errno path_create_directory(WasiGuest& guest, const Call& call) {
  const auto place = place_at(guest, call, call.word(0), 1);
  if (!place) return place.error();
  if (place->realm == Realm::host) {
    const auto seen = look_at(guest, {place->realm, place->path, false}, effect::Follow::no);
    return seen ? Errno::exist : seen.error() == Errno::acces ? Errno::acces : Errno::rofs;
  }
  if (place->realm == Realm::root || place->path.empty() || is_made_folder(guest, place->path)) return Errno::exist;
  if (guest.made_folders().size() >= most_made_folders) return Errno::nospc;
  if (const auto made = guest.session().make_folder(place->path); !made) return guest.refused(made.error());
  guest.made_folders().insert(place->path);
  return Errno::success;
}

// (folder, lookup flags, path, length, result)
Errno path_filestat_get(WasiGuest& guest, const Call& call) {
  const auto place = place_at(guest, call, call.word(0), 2);
  if (!place) return place.error();
  if (!call.memory().contains(call.word(4), sizeof(FileStat))) return Errno::fault;
  const auto stat = look_at(guest, *place, (call.word(1) & lookup_follow) != 0 ? effect::Follow::yes : effect::Follow::no);
  if (!stat) return stat.error();
  return call.memory().store(call.word(4), *stat) ? Errno::success : Errno::fault;
}

// (folder, lookup flags, path, length, new folder, new path, length)
Errno path_link(WasiGuest& guest, const Call& call) {
  const auto from = place_at(guest, call, call.word(0), 2);
  const auto to = place_at(guest, call, call.word(4), 5);
  if (!from || !to) return from ? to.error() : from.error();
  const Errno source = refuse_change(guest, *from), target = refuse_change(guest, *to);
  return source == Errno::acces ? source : target;
}

// (folder, path, length, buffer, length, result)
Errno path_readlink(WasiGuest& guest, const Call& call) {
  const auto place = place_at(guest, call, call.word(0), 1);
  if (!place) return place.error();
  if (!call.memory().contains(call.word(3), call.word(4)) || !call.memory().contains(call.word(5), 4)) return Errno::fault;
  if (place->realm != Realm::host || place->must_be_folder || guest.session().is_on_the_way(place->path)) {
    const auto seen = look_at(guest, *place, effect::Follow::yes);
    return seen ? Errno::inval : seen.error();  // it is there, and it is not a link
  }
  const auto target = guest.session().read_link(place->path);
  if (!target) return guest.refused(target.error());
  const std::size_t length = std::min<std::size_t>(target->size(), call.word(4));
  std::memcpy(call.memory().at(call.word(3), length).data(), target->data(), length);
  return call.memory().store(call.word(5), static_cast<std::uint32_t>(length)) ? Errno::success : Errno::fault;
}

// (folder, path, length)
Errno path_remove_directory(WasiGuest& guest, const Call& call) {
  const auto place = place_at(guest, call, call.word(0), 1);
  if (!place) return place.error();
  if (place->realm == Realm::host) return refuse_change(guest, *place);
  if (place->realm == Realm::root || place->path.empty()) return Errno::busy;
  const auto seen = look_at(guest, *place, effect::Follow::no);
  if (!seen) return seen.error();
  if (seen->kind != FileKind::directory) return Errno::notdir;
  const auto inside = list(guest, *place);
  if (!inside) return inside.error();
  if (!inside->empty()) return Errno::notempty;
  make_folders_above(guest, place->path);
  guest.made_folders().erase(place->path);
  return Errno::success;
}

// (folder, old path, length, new folder, new path, length)
Errno path_rename(WasiGuest& guest, const Call& call) {
  const auto from = place_at(guest, call, call.word(0), 1);
  const auto to = place_at(guest, call, call.word(3), 4);
  if (!from || !to) return from ? to.error() : from.error();
  if (from->realm == Realm::state && to->realm == Realm::state) return rename_in_state(guest, *from, *to);
  const Errno source = refuse_change(guest, *from), target = refuse_change(guest, *to);
  return source == Errno::acces || target == Errno::acces ? Errno::acces : Errno::xdev;
}

// (content, length, folder, path, length)
Errno path_symlink(WasiGuest& guest, const Call& call) {
  if (!call.memory().contains(call.word(0), call.word(1))) return Errno::fault;
  const auto place = place_at(guest, call, call.word(2), 3);
  return place ? refuse_change(guest, *place) : place.error();
}

// (folder, path, length)
Errno path_unlink_file(WasiGuest& guest, const Call& call) {
  const auto place = place_at(guest, call, call.word(0), 1);
  if (!place) return place.error();
  if (place->realm == Realm::host) return refuse_change(guest, *place);
  if (place->realm == Realm::root || place->path.empty() || is_made_folder(guest, place->path)) return Errno::isdir;
  const auto removed = place->must_be_folder ? Result<void>(invalid("a folder")) : guest.session().remove_object(place->path);
  if (removed) {
    make_folders_above(guest, place->path);  // an emptied folder stays for the rest of the task, as on a file system
    return Errno::success;
  }
  if (!place->must_be_folder && removed.error().code != Code::unavailable) return guest.refused(removed.error());
  const auto seen = look_at(guest, {place->realm, place->path, false}, effect::Follow::no);
  if (!seen) return seen.error();
  return seen->kind == FileKind::directory ? Errno::isdir : Errno::notdir;
}

}  // namespace writ::guest::wasm::wasi
