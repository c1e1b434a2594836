// path_open. State objects and host files are opened through the session for what the rights ask; a folder is opened by name
// and looked into when it is read.
#include <cerrno>
#include <optional>

#include "writ/guest/wasm/wasi_calls.h"
#include "writ/guest/wasm/wasi_lookup.h"

namespace writ::guest::wasm::wasi {
namespace {

struct Wish {
  Place place;
  effect::Follow follow = effect::Follow::no;
  std::uint32_t how = 0;  // oflags
  Rights rights = 0, inheriting = 0;
  std::uint16_t flags = 0;

  bool has(std::uint32_t flag) const { return (how & flag) != 0; }
  bool folder_only() const { return has(open_directory) || place.must_be_folder; }
  bool writes() const { return (rights & right::write) != 0 || has(open_truncate); }
  bool changes() const { return writes() || has(open_create); }
};

Answer<Descriptor> open_folder(WasiGuest& guest, const Wish& wish) {
  if (wish.has(open_create)) return std::unexpected(wish.has(open_exclusive) ? Errno::exist : Errno::isdir);
  if (wish.writes()) return std::unexpected(Errno::isdir);
  if (guest.descriptors().full()) return std::unexpected(Errno::mfile);
  return Descriptor{Folder{{wish.place.realm, wish.place.path, false}, {}, false}, wish.rights & right::of_folder, wish.inheriting,
                    wish.flags, 0};
}

effect::Access access_of(const Wish& wish) {
  const bool reads = (wish.rights & right::read) != 0;
  if (!wish.changes()) return effect::Access::read;
  return reads ? effect::Access::read_write : effect::Access::write;
}

gate::Creation creation_of(const Wish& wish) {
  if (!wish.has(open_create)) return gate::Creation::must_exist;
  return wish.has(open_exclusive) ? gate::Creation::must_create : gate::Creation::may_create;
}

Answer<Descriptor> open_object(WasiGuest& guest, const Wish& wish) {
  const bool made = wish.place.path.empty() || is_made_folder(guest, wish.place.path);
  if (made) return open_folder(guest, wish);
  if (wish.folder_only()) {
    const auto seen = look_at(guest, wish.place, wish.follow);
    if (!seen) return std::unexpected(seen.error());
    return seen->kind == FileKind::directory ? open_folder(guest, wish) : std::unexpected(Errno::notdir);
  }
  auto object = guest.session().open_object(wish.place.path, access_of(wish), creation_of(wish));
  if (!object && object.error().number == ENOENT) {
    const auto seen = look_at(guest, wish.place, wish.follow);  // nothing of that name, but things below it?
    if (seen && seen->kind == FileKind::directory) return open_folder(guest, wish);
    return std::unexpected(seen ? Errno::noent : seen.error());
  }
  if (!object && object.error().code == Code::conflict) return std::unexpected(Errno::exist);
  if (!object) return std::unexpected(guest.refused(object.error()));
  if (wish.has(open_truncate))
    if (const auto cut = (*object)->truncate(0); !cut) return std::unexpected(guest.refused(cut.error()));
  return Descriptor{std::move(*object), wish.rights & right::of_file, 0, wish.flags, 0};
}

gate::Session::FileWish wish_of(const Wish& wish) {
  gate::Session::FileWish w;
  const bool writes = (wish.rights & right::write) != 0, reads = (wish.rights & right::read) != 0;
  w.follow = wish.follow;
  w.access = !writes ? effect::Access::read : reads ? effect::Access::read_write : effect::Access::write;
  if (wish.has(open_create)) w.making = wish.has(open_exclusive) ? effect::Making::always : effect::Making::if_absent;
  if (wish.has(open_truncate)) w.cut = effect::Cut::yes;
  if (!writes && !reads && w.writes()) w.access = effect::Access::write;
  return w;
}

// What is there is opened for what the rights ask; only what is not there has to be made.
Result<std::unique_ptr<gate::OpenFile>> open_or_make(WasiGuest& guest, const Wish& wish) {
  auto wanted = wish_of(wish);
  if (wanted.making == effect::Making::if_absent && !wish.writes()) {
    auto as_it_is = wanted;
    as_it_is.making = effect::Making::never;
    as_it_is.access = effect::Access::read;
    auto file = guest.session().open_file(wish.place.path, as_it_is);
    if (file || file.error().number != ENOENT) return file;
  }
  return guest.session().open_file(wish.place.path, wanted);
}

Answer<Descriptor> open_file(WasiGuest& guest, const Wish& wish) {
  if (wish.folder_only() || guest.session().is_on_the_way(wish.place.path)) {
    const auto seen = look_at(guest, wish.place, wish.follow);
    if (!seen) return std::unexpected(seen.error());
    if (seen->kind == FileKind::symbolic_link) return std::unexpected(Errno::loop);
    if (seen->kind == FileKind::directory) return open_folder(guest, wish);
    if (wish.folder_only()) return std::unexpected(Errno::notdir);
  }
  auto file = open_or_make(guest, wish);
  if (!file && file.error().number == EISDIR) return open_folder(guest, wish);
  if (!file && wish.has(open_exclusive) && file.error().code == Code::denied && look_at(guest, wish.place, effect::Follow::no))
    return std::unexpected(Errno::exist);
  if (!file) return std::unexpected(guest.refused(file.error()));
  Rights rights = wish.rights & right::of_file;
  if ((rights & right::write) == 0) rights &= ~(right::set_size | right::allocate);
  return Descriptor{std::move(*file), rights, 0, wish.flags, 0};
}

Answer<Descriptor> open(WasiGuest& guest, const Wish& wish) {
  switch (wish.place.realm) {
    case Realm::root: return open_folder(guest, wish);
    case Realm::state: return open_object(guest, wish);
    case Realm::host: return open_file(guest, wish);
  }
  return std::unexpected(Errno::noent);
}

}  // namespace

// (folder, lookup flags, path, length, open flags, rights, inheriting, descriptor flags, result)
Errno path_open(WasiGuest& guest, const Call& call) {
  Rights wanted = right::path_open;
  if ((call.word(4) & open_create) != 0) wanted |= right::path_create_file;
  if ((call.word(4) & open_truncate) != 0) wanted |= right::path_set_size;
  const auto place = place_at(guest, call, call.word(0), 2, wanted);
  if (!place) return place.error();
  if (!call.memory().contains(call.word(8), 4)) return Errno::fault;
  Wish wish{*place, (call.word(1) & lookup_follow) != 0 ? effect::Follow::yes : effect::Follow::no, call.word(4), 0, 0, 0};
  if (wish.how > open_all || call.word(7) > flags_all) return Errno::inval;
  if (wish.has(open_create) && wish.has(open_directory)) return Errno::inval;
  const Descriptor* from = guest.descriptors().find(call.word(0));
  wish.rights = call.wide(5) & from->inheriting;
  wish.inheriting = call.wide(6) & from->inheriting;
  wish.flags = static_cast<std::uint16_t>(call.word(7));

  // Whether there is a number free is asked last: a path that is tried reaches the gate, however many are open.
  auto opened = open(guest, wish);
  if (!opened) return opened.error();
  const auto number = guest.descriptors().add(std::move(*opened));
  if (!number) return Errno::mfile;
  return call.memory().store(call.word(8), *number) ? Errno::success : Errno::fault;
}

}  // namespace writ::guest::wasm::wasi
