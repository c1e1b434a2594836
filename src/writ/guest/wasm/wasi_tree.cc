// The functions on paths besides path_open.
#include <algorithm>
#include <cerrno>

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
  if (!entries && entries.error().number != ENOENT) return guest.refused(entries.error());
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

// A name that ends in '/' is a folder's: only one that is there can have it.
Errno check_new_name(WasiGuest& guest, const Place& place) {
  if (!place.must_be_folder) return Errno::success;
  const auto seen = look_at(guest, {place.realm, place.path}, effect::Follow::no);
  if (!seen) return seen.error();
  return seen->kind == FileKind::directory ? Errno::exist : Errno::notdir;
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
  const auto target = look_at(guest, {to.realm, to.path}, effect::Follow::no);
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
  const auto place = place_at(guest, call, call.word(0), 1, right::path_create_folder);
  if (!place) return place.error();
  if (place->realm == Realm::host && guest.session().is_on_the_way(place->path)) return Errno::exist;
  if (place->realm == Realm::host) {
    const Errno made = done(guest, guest.session().make_file_folder(place->path));
    const bool there = made == Errno::acces && look_at(guest, {place->realm, place->path}, effect::Follow::no);
    return there ? Errno::exist : made;  // as Linux has it, so that programs which make all folders on the way go on
  }
  if (place->realm == Realm::root || place->path.empty() || is_made_folder(guest, place->path)) return Errno::exist;
  if (guest.made_folders().size() >= most_made_folders) return Errno::nospc;
  if (const auto made = guest.session().make_folder(place->path); !made) return guest.refused(made.error());
  guest.made_folders().insert(place->path);
  return Errno::success;
}

// (folder, lookup flags, path, length, result)
Errno path_filestat_get(WasiGuest& guest, const Call& call) {
  const auto place = place_at(guest, call, call.word(0), 2, right::path_filestat);
  if (!place) return place.error();
  if (!call.memory().contains(call.word(4), sizeof(FileStat))) return Errno::fault;
  const auto stat = look_at(guest, *place, (call.word(1) & lookup_follow) != 0 ? effect::Follow::yes : effect::Follow::no);
  if (!stat) return stat.error();
  return call.memory().store(call.word(4), *stat) ? Errno::success : Errno::fault;
}

// (folder, lookup flags, path, length, accessed, modified, which)
Errno path_filestat_set_times(WasiGuest& guest, const Call& call) {
  const auto place = place_at(guest, call, call.word(0), 2, right::path_set_times);
  if (!place) return place.error();
  const auto times = times_of(guest, call.wide(4), call.wide(5), call.word(6));
  if (!times) return times.error();
  return set_times(guest, *place, (call.word(1) & lookup_follow) != 0 ? effect::Follow::yes : effect::Follow::no, *times);
}

// (folder, lookup flags, path, length, new folder, new path, length). A link that is named again is itself named: following
// it is refused, as nobody needs it and two names of one link are what they look like.
Errno path_link(WasiGuest& guest, const Call& call) {
  const auto from = place_at(guest, call, call.word(0), 2, right::path_link_from);
  const auto to = place_at(guest, call, call.word(4), 5, right::path_link_to);
  if (!from || !to) return from ? to.error() : from.error();
  if ((call.word(1) & lookup_follow) != 0) return Errno::inval;
  if (from->realm != Realm::host || to->realm != Realm::host) {
    const Errno source = refuse_change(guest, *from, Errno::xdev), target = refuse_change(guest, *to, Errno::xdev);
    if (source == Errno::acces || target == Errno::acces) return Errno::acces;
    return from->realm == to->realm ? Errno::perm : Errno::xdev;
  }
  if (const Errno fits = check_new_name(guest, *to); fits != Errno::success) return fits;
  if (from->must_be_folder) return refuse_change(guest, *from, Errno::notdir);
  return done(guest, guest.session().add_file_name(from->path, to->path));
}

// (folder, path, length, buffer, length, result)
Errno path_readlink(WasiGuest& guest, const Call& call) {
  const auto place = place_at(guest, call, call.word(0), 1, right::path_readlink);
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
  const auto place = place_at(guest, call, call.word(0), 1, right::path_remove_folder);
  if (!place) return place.error();
  if (place->realm == Realm::host) return done(guest, guest.session().remove_file_folder(place->path));
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
  const auto from = place_at(guest, call, call.word(0), 1, right::path_rename_from);
  const auto to = place_at(guest, call, call.word(3), 4, right::path_rename_to);
  if (!from || !to) return from ? to.error() : from.error();
  if (from->realm == Realm::state && to->realm == Realm::state) return rename_in_state(guest, *from, *to);
  if (from->realm == Realm::host && to->realm == Realm::host) {
    if (from->must_be_folder || to->must_be_folder) {
      const auto seen = look_at(guest, {from->realm, from->path}, effect::Follow::no);
      if (!seen) return seen.error();
      if (seen->kind != FileKind::directory) return Errno::notdir;
    }
    return done(guest, guest.session().rename_file(from->path, to->path));
  }
  const Errno source = refuse_change(guest, *from, Errno::xdev), target = refuse_change(guest, *to, Errno::xdev);
  return source == Errno::acces || target == Errno::acces ? Errno::acces : Errno::xdev;
}

// (content, length, folder, path, length)
Errno path_symlink(WasiGuest& guest, const Call& call) {
  if (!call.memory().contains(call.word(0), call.word(1))) return Errno::fault;
  const auto place = place_at(guest, call, call.word(2), 3, right::path_symlink);
  if (!place) return place.error();
  if (place->realm != Realm::host) return refuse_change(guest, *place, Errno::perm);
  if (const Errno fits = check_new_name(guest, *place); fits != Errno::success) return fits;
  const auto target = call.memory().at(call.word(0), call.word(1));
  return done(guest, guest.session().make_file_link({reinterpret_cast<const char*>(target.data()), target.size()}, place->path));
}

// (folder, path, length)
Errno path_unlink_file(WasiGuest& guest, const Call& call) {
  const auto place = place_at(guest, call, call.word(0), 1, right::path_unlink);
  if (!place) return place.error();
  if (place->realm == Realm::host && !place->must_be_folder) return done(guest, guest.session().remove_file(place->path));
  if (place->realm == Realm::host) {
    const auto seen = look_at(guest, {place->realm, place->path}, effect::Follow::no);
    if (!seen) return seen.error();
    return seen->kind == FileKind::directory ? Errno::isdir : Errno::notdir;
  }
  if (place->realm == Realm::root || place->path.empty() || is_made_folder(guest, place->path)) return Errno::isdir;
  const auto removed = place->must_be_folder ? Result<void>(invalid("a folder")) : guest.session().remove_object(place->path);
  if (removed) {
    make_folders_above(guest, place->path);  // an emptied folder stays for the rest of the task, as on a file system
    return Errno::success;
  }
  if (!place->must_be_folder && removed.error().number != ENOENT) return guest.refused(removed.error());
  const auto seen = look_at(guest, {place->realm, place->path}, effect::Follow::no);
  if (!seen) return seen.error();
  return seen->kind == FileKind::directory ? Errno::isdir : Errno::notdir;
}

}  // namespace writ::guest::wasm::wasi
