// Lying addresses and lengths in every call that takes one. Each must be refused, and nothing may change: neither the
// canaries around the honest arguments nor anything else that the guest can see. Ends with 0 if all held.
#include <stdio.h>
#include <string.h>

#include "wasi.h"

static struct {
  uint8_t before[64];
  uint32_t vector[4];
  char path[64];
  uint8_t out[256];
  uint8_t after[64];
} m;

static unsigned failures;
static void check(const char* call, i bad, i answer) {
  int changed = 0;
  for (int k = 0; k < 64; ++k) changed |= m.before[k] != 0xa5 || m.after[k] != 0x5a;
  for (int k = 0; k < 256; ++k) changed |= m.out[k] != 0x77;
  if (answer != 0 && !changed) return;
  ++failures;
  printf("%s with %#x answered %u%s\n", call, bad, answer, changed ? " and changed memory" : "");
  memset(m.out, 0x77, sizeof m.out);
}
#define LIE(call) check(#call, bad, call)

// An address is a lie in all of these: beyond the end, across the end, wrapping round in 32 bits.
static void lie_about_addresses(i bad, i file, i folder) {
  const i path = (i)m.path, length = (i)strlen(m.path), vector = (i)m.vector, out = (i)m.out;
  LIE(w_args_get(bad, out));
  LIE(w_args_get(out, bad));
  LIE(w_args_sizes_get(bad, out));
  LIE(w_args_sizes_get(out, bad));
  LIE(w_clock_res_get(0, bad));
  LIE(w_clock_time_get(0, 0, bad));
  LIE(w_environ_get(bad, out));
  LIE(w_environ_sizes_get(bad, out));
  LIE(w_environ_sizes_get(out, bad));
  LIE(w_fd_fdstat_get(file, bad));
  LIE(w_fd_filestat_get(file, bad));
  LIE(w_fd_pread(file, bad, 1, 0, out));
  LIE(w_fd_pread(file, vector, 1, 0, bad));
  LIE(w_fd_pwrite(file, bad, 1, 0, out));
  LIE(w_fd_pwrite(file, vector, 1, 0, bad));
  LIE(w_fd_prestat_get(3, bad));
  LIE(w_fd_prestat_dir_name(3, bad, 1));
  LIE(w_fd_read(file, bad, 1, out));
  LIE(w_fd_read(file, vector, 1, bad));
  LIE(w_fd_read(0, bad, 1, out));
  LIE(w_fd_read(0, vector, 1, bad));
  LIE(w_fd_readdir(folder, bad, 100, 0, out));
  LIE(w_fd_readdir(folder, out, 100, 0, bad));
  LIE(w_fd_seek(file, 0, 0, bad));
  LIE(w_fd_tell(file, bad));
  LIE(w_fd_write(file, bad, 1, out));
  LIE(w_fd_write(file, vector, 1, bad));
  LIE(w_fd_write(1, bad, 1, out));
  LIE(w_fd_write(1, vector, 1, bad));
  LIE(w_path_create_directory(3, bad, length));
  LIE(w_path_filestat_get(3, 1, bad, length, out));
  LIE(w_path_filestat_get(3, 1, path, length, bad));
  LIE(w_path_filestat_set_times(3, 1, bad, length, 0, 0, 0));
  LIE(w_path_link(3, 0, bad, length, 3, path, length));
  LIE(w_path_link(3, 0, path, length, 3, bad, length));
  LIE(w_path_open(3, 1, bad, length, 0, 2, 0, 0, out));
  LIE(w_path_open(3, 1, path, length, 0, 2, 0, 0, bad));
  LIE(w_path_readlink(3, bad, length, out, 100, out));
  LIE(w_path_readlink(3, path, length, bad, 100, out));
  LIE(w_path_readlink(3, path, length, out, 100, bad));
  LIE(w_path_remove_directory(3, bad, length));
  LIE(w_path_rename(3, bad, length, 3, path, length));
  LIE(w_path_rename(3, path, length, 3, bad, length));
  LIE(w_path_symlink(bad, length, 3, path, length));
  LIE(w_path_symlink(path, length, 3, bad, length));
  LIE(w_path_unlink_file(3, bad, length));
  LIE(w_poll_oneoff(bad, out, 1, out));
  LIE(w_poll_oneoff(out, bad, 1, out));
  LIE(w_random_get(bad, 100));
  LIE(w_sock_accept(file, 0, bad));
  LIE(w_sock_recv(file, bad, 1, 0, bad, bad));
  LIE(w_sock_send(file, bad, 1, 0, bad));
  m.vector[0] = bad, m.vector[1] = 100;  // an honest vector of a lying address
  LIE(w_fd_read(file, vector, 1, out));
  LIE(w_fd_write(file, vector, 1, out));
  LIE(w_fd_pread(file, vector, 1, 0, out));
  LIE(w_fd_pwrite(file, vector, 1, 0, out));
  LIE(w_fd_read(0, vector, 1, out));
  LIE(w_fd_write(1, vector, 1, out));
  m.vector[0] = out, m.vector[1] = 8;
}

static void lie_about_lengths(i bad, i file, i folder) {
  const i path = (i)m.path, vector = (i)m.vector, out = (i)m.out;
  LIE(w_fd_read(file, vector, bad, out));
  LIE(w_fd_write(file, vector, bad, out));
  LIE(w_fd_pread(file, vector, bad, 0, out));
  LIE(w_fd_pwrite(file, vector, bad, 0, out));
  LIE(w_fd_readdir(folder, out, bad, 0, out));
  LIE(w_fd_prestat_dir_name(3, out, bad));
  LIE(w_path_open(3, 1, path, bad, 0, 2, 0, 0, out));
  LIE(w_path_filestat_get(3, 1, path, bad, out));
  LIE(w_path_readlink(3, path, 4, out, bad, out));
  LIE(w_path_create_directory(3, path, bad));
  LIE(w_path_rename(3, path, bad, 3, path, 4));
  LIE(w_path_unlink_file(3, path, bad));
  LIE(w_poll_oneoff(out, out, bad, out));
  LIE(w_random_get(out, bad));
  m.vector[1] = bad;
  LIE(w_fd_read(file, vector, 1, out));
  LIE(w_fd_write(file, vector, 1, out));
  m.vector[1] = 8;
}

static i open_path(const char* path, i how, I rights) {
  i number = 0;
  if (w_path_open(3, 1, (i)path, (i)strlen(path), how, rights, rights, 0, (i)&number) != 0) {
    printf("cannot open %s\n", path);
    ++failures;
  }
  return number;
}

int main(void) {
  memset(m.before, 0xa5, sizeof m.before);
  memset(m.after, 0x5a, sizeof m.after);
  memset(m.out, 0x77, sizeof m.out);
  strcpy(m.path, "/state/lies/file");
  m.vector[0] = (i)m.out, m.vector[1] = 8;
  const I all = 0x3fffffff;
  const i file = open_path(m.path, 1, all), folder = open_path("/state/lies", 2, all & ~(1u << 6));

  const i end = (i)(__builtin_wasm_memory_size(0) * 65536);
  const i addresses[] = {end, end + 1, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff};
  for (unsigned k = 0; k < sizeof addresses / sizeof *addresses; ++k) lie_about_addresses(addresses[k], file, folder);
  const i lengths[] = {end, 0x7fffffff, 0x80000000, 0xffffffff};
  for (unsigned k = 0; k < sizeof lengths / sizeof *lengths; ++k) lie_about_lengths(lengths[k], file, folder);

  // What is not here says so, whatever it is given.
  if (w_sock_shutdown(file, 0) == 0 || w_sock_shutdown(77, 0) == 0) ++failures;
  // Descriptors that nobody opened.
  const i nobody[] = {77, 0x7fffffff, 0xffffffff};
  for (unsigned k = 0; k < 3; ++k) {
    const i bad = nobody[k], out = (i)m.out;
    LIE(w_fd_advise(bad, 0, 0, 0));
    LIE(w_fd_allocate(bad, 0, 1));
    LIE(w_fd_close(bad));
    LIE(w_fd_datasync(bad));
    LIE(w_fd_sync(bad));
    LIE(w_fd_fdstat_get(bad, out));
    LIE(w_fd_fdstat_set_flags(bad, 0));
    LIE(w_fd_fdstat_set_rights(bad, 0, 0));
    LIE(w_fd_filestat_set_size(bad, 0));
    LIE(w_fd_renumber(bad, 1));
    LIE(w_fd_renumber(1, bad));
    LIE(w_path_open(bad, 1, (i)m.path, 4, 0, 2, 0, 0, out));
  }
  w_sched_yield();
  printf("%u lies believed\n", failures);
  return failures == 0 ? 0 : 1;
}
