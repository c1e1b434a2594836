// All 46 functions as a module imports them, with addresses as plain numbers, so that a guest can lie.
#ifndef WRIT_ESCAPE_WASI_H
#define WRIT_ESCAPE_WASI_H
#include <stdint.h>

typedef uint32_t i;
typedef uint64_t I;
#define WASI(result, name, ...) \
  result w_##name(__VA_ARGS__) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))

WASI(i, args_get, i, i);
WASI(i, args_sizes_get, i, i);
WASI(i, clock_res_get, i, i);
WASI(i, clock_time_get, i, I, i);
WASI(i, environ_get, i, i);
WASI(i, environ_sizes_get, i, i);
WASI(i, fd_advise, i, I, I, i);
WASI(i, fd_allocate, i, I, I);
WASI(i, fd_close, i);
WASI(i, fd_datasync, i);
WASI(i, fd_fdstat_get, i, i);
WASI(i, fd_fdstat_set_flags, i, i);
WASI(i, fd_fdstat_set_rights, i, I, I);
WASI(i, fd_filestat_get, i, i);
WASI(i, fd_filestat_set_size, i, I);
WASI(i, fd_filestat_set_times, i, I, I, i);
WASI(i, fd_pread, i, i, i, I, i);
WASI(i, fd_prestat_dir_name, i, i, i);
WASI(i, fd_prestat_get, i, i);
WASI(i, fd_pwrite, i, i, i, I, i);
WASI(i, fd_read, i, i, i, i);
WASI(i, fd_readdir, i, i, i, I, i);
WASI(i, fd_renumber, i, i);
WASI(i, fd_seek, i, I, i, i);
WASI(i, fd_sync, i);
WASI(i, fd_tell, i, i);
WASI(i, fd_write, i, i, i, i);
WASI(i, path_create_directory, i, i, i);
WASI(i, path_filestat_get, i, i, i, i, i);
WASI(i, path_filestat_set_times, i, i, i, i, I, I, i);
WASI(i, path_link, i, i, i, i, i, i, i);
WASI(i, path_open, i, i, i, i, i, I, I, i, i);
WASI(i, path_readlink, i, i, i, i, i, i);
WASI(i, path_remove_directory, i, i, i);
WASI(i, path_rename, i, i, i, i, i, i);
WASI(i, path_symlink, i, i, i, i, i);
WASI(i, path_unlink_file, i, i, i);
WASI(i, poll_oneoff, i, i, i, i);
WASI(void, proc_exit, i);
WASI(i, proc_raise, i);
WASI(i, random_get, i, i);
WASI(i, sched_yield, void);
WASI(i, sock_accept, i, i, i);
WASI(i, sock_recv, i, i, i, i, i, i);
WASI(i, sock_send, i, i, i, i, i);
WASI(i, sock_shutdown, i, i);

#endif
