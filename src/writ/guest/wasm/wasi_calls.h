// The WASI functions that do something, by the file that holds them. Parameters are those of the preview 1 document, in
// its order; each function checks every address it was given before it changes anything, and writes its results last.
#pragma once

#include "writ/guest/wasm/wasi_functions.h"
#include "writ/guest/wasm/wasi_guest.h"

namespace writ::guest::wasm::wasi {

// wasi_process.cc
Errno args_get(WasiGuest&, const Call&);
Errno args_sizes_get(WasiGuest&, const Call&);
Errno environ_get(WasiGuest&, const Call&);
Errno environ_sizes_get(WasiGuest&, const Call&);
Errno clock_res_get(WasiGuest&, const Call&);
Errno clock_time_get(WasiGuest&, const Call&);
Errno random_get(WasiGuest&, const Call&);
Errno proc_exit(WasiGuest&, const Call&);
Errno sched_yield(WasiGuest&, const Call&);
Errno proc_raise(WasiGuest&, const Call&);

// wasi_socket.cc
Errno sock_any(WasiGuest&, const Call&);  // all four

// wasi_poll.cc
Errno poll_oneoff(WasiGuest&, const Call&);

// wasi_transfer.cc
Errno fd_read(WasiGuest&, const Call&);
Errno fd_pread(WasiGuest&, const Call&);
Errno fd_write(WasiGuest&, const Call&);
Errno fd_pwrite(WasiGuest&, const Call&);
Errno fd_seek(WasiGuest&, const Call&);
Errno fd_tell(WasiGuest&, const Call&);

// wasi_status.cc
Errno fd_advise(WasiGuest&, const Call&);
Errno fd_allocate(WasiGuest&, const Call&);
Errno fd_close(WasiGuest&, const Call&);
Errno fd_fdstat_get(WasiGuest&, const Call&);
Errno fd_fdstat_set_flags(WasiGuest&, const Call&);
Errno fd_fdstat_set_rights(WasiGuest&, const Call&);
Errno fd_filestat_get(WasiGuest&, const Call&);
Errno fd_filestat_set_size(WasiGuest&, const Call&);
Errno fd_filestat_set_times(WasiGuest&, const Call&);
Errno fd_prestat_dir_name(WasiGuest&, const Call&);
Errno fd_prestat_get(WasiGuest&, const Call&);
Errno fd_renumber(WasiGuest&, const Call&);
Errno fd_sync(WasiGuest&, const Call&);  // and fd_datasync

// wasi_folder.cc
Errno fd_readdir(WasiGuest&, const Call&);

// wasi_open.cc
Errno path_open(WasiGuest&, const Call&);

// wasi_tree.cc
Errno path_create_directory(WasiGuest&, const Call&);
Errno path_filestat_get(WasiGuest&, const Call&);
Errno path_filestat_set_times(WasiGuest&, const Call&);
Errno path_link(WasiGuest&, const Call&);
Errno path_readlink(WasiGuest&, const Call&);
Errno path_remove_directory(WasiGuest&, const Call&);
Errno path_rename(WasiGuest&, const Call&);
Errno path_symlink(WasiGuest&, const Call&);
Errno path_unlink_file(WasiGuest&, const Call&);

}  // namespace writ::guest::wasm::wasi
