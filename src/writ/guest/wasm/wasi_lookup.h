// Looking at the virtual root: what a place is, and what is in it. Every look at what may not be seen is the session's to
// refuse, and is in its journal.
#pragma once

#include <string_view>
#include <vector>

#include "writ/guest/wasm/wasi_guest.h"

namespace writ::guest::wasm::wasi {

class Call;  // wasi_functions.h; not guest::Call

// The path parameter at words (i, i + 1), taken from the folder open as `descriptor`, which must have the rights.
Answer<Place> place_at(WasiGuest&, const Call&, std::uint32_t descriptor, std::size_t i, Rights wanted);

Answer<FileStat> look_at(WasiGuest&, const Place&, effect::Follow);
Answer<std::vector<FolderEntry>> list(WasiGuest&, const Place&);  // without . and ..

// For changes that need two places of one kind, and for names that are no file's: both places are looked up, so that the try
// is in the journal.
Errno refuse_change(WasiGuest&, const Place&, Errno);

// What an fd_filestat_set_times or path_filestat_set_times asks for; inval for flags that contradict each other.
Answer<effect::FileTimes> times_of(WasiGuest&, std::uint64_t accessed, std::uint64_t modified, std::uint32_t flags);
Errno set_times(WasiGuest&, const Place&, effect::Follow, const effect::FileTimes&);

// Whether this folder was made by this task (or holds one that was).
bool is_made_folder(WasiGuest&, std::string_view state_path);
void make_folders_above(WasiGuest&, std::string_view state_path);

FileStat stat_of_object(std::string_view path, std::uint64_t size);
FileStat stat_of_folder(const Place&);
FileStat stat_of(const effect::Metadata&);

}  // namespace writ::guest::wasm::wasi
