// Looking at the virtual root: what a place is, and what is in it. Every look at what may not be seen is the session's to
// refuse, and is in its journal.
#pragma once

#include <string_view>
#include <vector>

#include "writ/guest/wasm/wasi_guest.h"

namespace writ::guest::wasm::wasi {

class Call;  // wasi_functions.h; not guest::Call

// The path parameter at words (i, i + 1), taken from the folder open as `descriptor`.
Answer<Place> place_at(WasiGuest&, const Call&, std::uint32_t descriptor, std::size_t i);

Answer<FileStat> look_at(WasiGuest&, const Place&, effect::Follow);
Answer<std::vector<FolderEntry>> list(WasiGuest&, const Place&);  // without . and ..

// For what would change the host, which nothing does here: the path is looked up, so that it is in the journal, and
// refused: acces if it may not even be seen, else rofs.
Errno refuse_change(WasiGuest&, const Place&);

// Whether this folder was made by this task (or holds one that was).
bool is_made_folder(WasiGuest&, std::string_view state_path);
void make_folders_above(WasiGuest&, std::string_view state_path);

FileStat stat_of_object(std::string_view path, std::uint64_t size);
FileStat stat_of_folder(const Place&);
FileStat stat_of(const effect::Metadata&);

}  // namespace writ::guest::wasm::wasi
