#include "writ/guest/wasm/wasi_functions.h"

#include <array>

#include "writ/guest/wasm/wasi_calls.h"

namespace writ::guest::wasm::wasi {
namespace {

constexpr std::array<Function, 46> table{{
    {"args_get", "ii", "i", args_get, "the arguments"},
    {"args_sizes_get", "ii", "i", args_sizes_get, "how much room the arguments need"},
    {"clock_res_get", "ii", "i", clock_res_get, "1 ns for every clock"},
    {"clock_time_get", "iIi", "i", clock_time_get, "virtual time, or real time with `clock.real`"},
    {"environ_get", "ii", "i", environ_get, "the environment, as far as `env` grants cover it"},
    {"environ_sizes_get", "ii", "i", environ_sizes_get, "how much room the environment needs"},
    {"fd_advise", "iIIi", "i", fd_advise, "checked, and has no effect"},
    {"fd_allocate", "iII", "i", fd_allocate, "lengthens a state object or file"},
    {"fd_close", "i", "i", fd_close, "closes"},
    {"fd_datasync", "i", "i", fd_sync, "no effect: what is written becomes durable at the commit"},
    {"fd_fdstat_get", "ii", "i", fd_fdstat_get, "kind, flags and rights of a descriptor"},
    {"fd_fdstat_set_flags", "ii", "i", fd_fdstat_set_flags,
     "append and non-blocking; the others can be asked for when opening, and hold: all is durable at the commit"},
    {"fd_fdstat_set_rights", "iII", "i", fd_fdstat_set_rights, "takes rights away; never gives any"},
    {"fd_filestat_get", "ii", "i", fd_filestat_get, "kind, size and times"},
    {"fd_filestat_set_size", "iI", "i", fd_filestat_set_size, "cuts or lengthens a state object or file"},
    {"fd_filestat_set_times", "iIIi", "i", fd_filestat_set_times,
     "sets times of a file that may be changed; state objects carry versions instead: notsup"},
    {"fd_pread", "iiiIi", "i", fd_pread, "reads at an offset"},
    {"fd_prestat_dir_name", "iii", "i", fd_prestat_dir_name, "the name of descriptor 3, `/`"},
    {"fd_prestat_get", "ii", "i", fd_prestat_get, "descriptor 3 is the one preopened folder"},
    {"fd_pwrite", "iiiIi", "i", fd_pwrite, "writes at an offset"},
    {"fd_read", "iiii", "i", fd_read, "reads: standard input, state objects, host files"},
    {"fd_readdir", "iiiIi", "i", fd_readdir, "lists a folder"},
    {"fd_renumber", "ii", "i", fd_renumber, "gives a descriptor another's number"},
    {"fd_seek", "iIii", "i", fd_seek, "moves the offset"},
    {"fd_sync", "i", "i", fd_sync, "no effect: what is written becomes durable at the commit"},
    {"fd_tell", "ii", "i", fd_tell, "the offset"},
    {"fd_write", "iiii", "i", fd_write, "writes: standard output and error, state objects, files with `file.write`"},
    {"path_create_directory", "iii", "i", path_create_directory, "makes a folder: of files with `file.write`; of the state, for this task alone"},
    {"path_filestat_get", "iiiii", "i", path_filestat_get, "kind, size and times of what a path leads to"},
    {"path_filestat_set_times", "iiiiIIi", "i", path_filestat_set_times,
     "sets times of what may be changed; state objects carry versions instead: notsup"},
    {"path_link", "iiiiiii", "i", path_link, "another name for a file, with `file.write`; state objects have one name: perm"},
    {"path_open", "iiiiiIIii", "i", path_open, "opens"},
    {"path_readlink", "iiiiii", "i", path_readlink, "where a symbolic link leads"},
    {"path_remove_directory", "iii", "i", path_remove_directory, "removes an empty folder: of files with `file.write`, of the state"},
    {"path_rename", "iiiiii", "i", path_rename, "renames files and folders with `file.write`, objects and folders of the state; never across: xdev"},
    {"path_symlink", "iiiii", "i", path_symlink, "makes a link with `file.write`, unless it leads out of the folder; the state has none: perm"},
    {"path_unlink_file", "iii", "i", path_unlink_file, "removes a state object, or a file with `file.write`"},
    {"poll_oneoff", "iiii", "i", poll_oneoff, "sleeps, or says what is ready"},
    {"proc_exit", "i", "", proc_exit, "ends the guest"},
    {"proc_raise", "i", "i", proc_raise, "ends the guest with 128+n, as the signal's default action; those that default to nothing do nothing"},
    {"random_get", "ii", "i", random_get, "seeded randomness, or real with `random.real`"},
    {"sched_yield", "", "i", sched_yield, "no effect: there is one thread"},
    {"sock_accept", "iii", "i", sock_any, "there are no sockets: notsock, or badf"},
    {"sock_recv", "iiiiii", "i", sock_any, "there are no sockets: notsock, or badf"},
    {"sock_send", "iiiii", "i", sock_any, "there are no sockets: notsock, or badf"},
    {"sock_shutdown", "ii", "i", sock_any, "there are no sockets: notsock, or badf"},
}};

}  // namespace

std::span<const Function> functions() { return table; }

}  // namespace writ::guest::wasm::wasi
