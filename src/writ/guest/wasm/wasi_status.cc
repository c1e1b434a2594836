// What a descriptor is, and what may be changed about it.
#include <string_view>

#include "writ/guest/wasm/wasi_calls.h"
#include "writ/guest/wasm/wasi_lookup.h"

namespace writ::guest::wasm::wasi {
namespace {

constexpr std::uint32_t preopened = 3;
constexpr std::string_view preopened_name = "/";
constexpr std::uint64_t last_offset = INT64_MAX;

FileKind kind_of(Descriptor& d) {
  if (d.folder()) return FileKind::directory;
  // Not a character device: nothing here is a terminal, so the guest's library buffers whole blocks, as into a pipe.
  return d.console() ? FileKind::unknown : FileKind::regular;
}

// A state object or file open for writing, or why not.
Answer<Descriptor*> writable(WasiGuest& guest, std::uint32_t number, Rights wanted) {
  Descriptor* d = guest.descriptors().find(number);
  if (!d || d->folder()) return std::unexpected(Errno::badf);
  if (d->console()) return std::unexpected(Errno::inval);
  if (!d->may(wanted)) return std::unexpected(Errno::notcapable);
  return d;
}

Errno resize(WasiGuest& guest, Descriptor& d, std::uint64_t size) {
  const auto done = d.object() ? d.object()->truncate(size) : d.file()->truncate(size);
  return done ? Errno::success : guest.refused(done.error());
}

}  // namespace

// (descriptor, offset, length, advice)
Errno fd_advise(WasiGuest& guest, const Call& call) {
  Descriptor* d = guest.descriptors().find(call.word(0));
  if (!d || d->folder()) return Errno::badf;
  if (d->console()) return Errno::spipe;
  return call.word(3) > last_advice || call.wide(1) > last_offset || call.wide(2) > last_offset ? Errno::inval : Errno::success;
}

// (descriptor, offset, length)
Errno fd_allocate(WasiGuest& guest, const Call& call) {
  const auto d = writable(guest, call.word(0), right::allocate);
  if (!d) return d.error();
  const std::uint64_t offset = call.wide(1), length = call.wide(2);
  if (length == 0) return Errno::inval;
  if (offset > last_offset || length > last_offset - offset) return Errno::fbig;
  const auto size = (*d)->object() ? (*d)->object()->size() : Result<std::uint64_t>((*d)->file()->metadata().size);
  if (!size) return guest.refused(size.error());
  return offset + length <= *size ? Errno::success : resize(guest, **d, offset + length);
}

// (descriptor)
Errno fd_close(WasiGuest& guest, const Call& call) {
  return guest.descriptors().close(call.word(0)) ? Errno::success : Errno::badf;
}

// (descriptor, result)
Errno fd_fdstat_get(WasiGuest& guest, const Call& call) {
  Descriptor* d = guest.descriptors().find(call.word(0));
  if (!d) return Errno::badf;
  const DescriptorStat stat{kind_of(*d), 0, d->flags, 0, d->rights, d->inheriting};
  return call.memory().store(call.word(1), stat) ? Errno::success : Errno::fault;
}

// (descriptor, flags)
Errno fd_fdstat_set_flags(WasiGuest& guest, const Call& call) {
  Descriptor* d = guest.descriptors().find(call.word(0));
  if (!d) return Errno::badf;
  if (call.word(1) > flags_all) return Errno::inval;
  if ((call.word(1) & ~std::uint32_t{flag_append | flag_nonblock}) != 0) return Errno::notsup;
  d->flags = static_cast<std::uint16_t>(call.word(1));
  return Errno::success;
}

// (descriptor, rights, inheriting)
Errno fd_fdstat_set_rights(WasiGuest& guest, const Call& call) {
  Descriptor* d = guest.descriptors().find(call.word(0));
  if (!d) return Errno::badf;
  if ((call.wide(1) & ~d->rights) != 0 || (call.wide(2) & ~d->inheriting) != 0) return Errno::notcapable;
  d->rights = call.wide(1);
  d->inheriting = call.wide(2);
  return Errno::success;
}

// (descriptor, result)
Errno fd_filestat_get(WasiGuest& guest, const Call& call) {
  Descriptor* d = guest.descriptors().find(call.word(0));
  if (!d) return Errno::badf;
  FileStat stat{};
  if (Folder* folder = d->folder()) {
    const auto seen = look_at(guest, folder->place, effect::Follow::yes);
    if (!seen) return seen.error();
    stat = *seen;
  } else if (auto* object = d->object()) {
    const auto size = object->size();
    if (!size) return guest.refused(size.error());
    stat = stat_of_object(object->path(), *size);
  } else if (auto* file = d->file()) {
    stat = stat_of(file->metadata());
  }
  return call.memory().store(call.word(1), stat) ? Errno::success : Errno::fault;
}

// (descriptor, size)
Errno fd_filestat_set_size(WasiGuest& guest, const Call& call) {
  const auto d = writable(guest, call.word(0), right::set_size);
  if (!d) return d.error();
  return call.wide(1) > last_offset ? Errno::inval : resize(guest, **d, call.wide(1));
}

// (descriptor, accessed, modified, which)
Errno fd_filestat_set_times(WasiGuest& guest, const Call& call) {
  Descriptor* d = guest.descriptors().find(call.word(0));
  if (!d) return Errno::badf;
  if (!d->may(right::set_times)) return Errno::notcapable;
  const auto times = times_of(guest, call.wide(1), call.wide(2), call.word(3));
  if (!times) return times.error();
  if (d->console()) return Errno::inval;
  if (Folder* folder = d->folder()) return set_times(guest, folder->place, effect::Follow::yes, *times);
  if (d->object()) return Errno::notsup;
  const auto set = d->file()->set_times(*times);
  return set ? Errno::success : guest.refused(set.error());
}

// (descriptor, result)
Errno fd_prestat_get(WasiGuest& guest, const Call& call) {
  Descriptor* d = guest.descriptors().find(call.word(0));
  if (!d || call.word(0) != preopened) return Errno::badf;
  const Prestat stat{0, static_cast<std::uint32_t>(preopened_name.size())};
  return call.memory().store(call.word(1), stat) ? Errno::success : Errno::fault;
}

// (descriptor, buffer, length)
Errno fd_prestat_dir_name(WasiGuest& guest, const Call& call) {
  Descriptor* d = guest.descriptors().find(call.word(0));
  if (!d || call.word(0) != preopened) return Errno::badf;
  if (call.word(2) < preopened_name.size()) return Errno::nametoolong;
  if (!call.memory().contains(call.word(1), call.word(2))) return Errno::fault;
  std::memcpy(call.memory().at(call.word(1), preopened_name.size()).data(), preopened_name.data(), preopened_name.size());
  return Errno::success;
}

// (from, to)
Errno fd_renumber(WasiGuest& guest, const Call& call) {
  return guest.descriptors().renumber(call.word(0), call.word(1)) ? Errno::success : Errno::badf;
}

// (descriptor)
Errno fd_sync(WasiGuest& guest, const Call& call) {
  Descriptor* d = guest.descriptors().find(call.word(0));
  if (!d) return Errno::badf;
  return d->console() ? Errno::inval : Errno::success;
}

}  // namespace writ::guest::wasm::wasi
