// fd_readdir. A cookie is the place of the next entry in the listing that was taken when reading began (cookie 0), so any
// number a guest makes up is an entry or the end.
#include <algorithm>

#include "writ/guest/wasm/wasi_calls.h"
#include "writ/guest/wasm/wasi_lookup.h"

namespace writ::guest::wasm::wasi {
namespace {

Errno take_listing(WasiGuest& guest, Folder& folder) {
  folder.entries.clear();
  folder.listed = false;
  auto entries = list(guest, folder.place);
  if (!entries) return entries.error();
  std::uint64_t self = stat_of_folder(folder.place).inode;
  if (folder.place.realm == Realm::host)  // the number that the folder itself shows
    if (const auto seen = look_at(guest, folder.place, effect::Follow::yes)) self = seen->inode;
  entries->insert(entries->begin(), {{".", FileKind::directory, self}, {"..", FileKind::directory, self}});
  const std::size_t held = guest.descriptors().listed();  // by other descriptors
  if (held > 0 && entries->size() > most_listed - std::min(held, most_listed)) return Errno::nomem;
  folder.entries = std::move(*entries);
  folder.listed = true;
  return Errno::success;
}

// As much of the bytes as fits; the guest sees from a full buffer that the last record is cut.
void append(std::span<std::byte> out, std::size_t& used, std::span<const std::byte> bytes) {
  const std::size_t n = std::min(bytes.size(), out.size() - used);
  std::copy_n(bytes.begin(), n, out.begin() + static_cast<std::ptrdiff_t>(used));
  used += n;
}

}  // namespace

// (descriptor, buffer, length, cookie, result)
Errno fd_readdir(WasiGuest& guest, const Call& call) {
  Descriptor* d = guest.descriptors().find(call.word(0));
  if (!d) return Errno::badf;
  Folder* folder = d->folder();
  if (!folder) return Errno::notdir;
  if (!d->may(right::readdir)) return Errno::notcapable;
  const GuestMemory& memory = call.memory();
  if (!memory.contains(call.word(1), call.word(2)) || !memory.contains(call.word(4), 4)) return Errno::fault;
  if (call.wide(3) == 0 || !folder->listed)
    if (const Errno taken = take_listing(guest, *folder); taken != Errno::success) return taken;

  const auto out = memory.at(call.word(1), call.word(2));
  std::size_t used = 0;
  for (std::uint64_t i = call.wide(3); i < folder->entries.size() && used < out.size(); ++i) {
    const FolderEntry& e = folder->entries[i];
    const DirectoryRecord record{i + 1, e.inode, static_cast<std::uint32_t>(e.name.size()), e.kind, {}};
    append(out, used, std::as_bytes(std::span(&record, 1)));
    append(out, used, std::as_bytes(std::span(e.name)));
  }
  return memory.store(call.word(4), static_cast<std::uint32_t>(used)) ? Errno::success : Errno::fault;
}

}  // namespace writ::guest::wasm::wasi
