/* Moves 4 KiB at a time, COUNT times: read FILE or write FILE from its start to its end and again, write to the output; or
   only yields, which is a host call that does nothing. */
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { piece = 4096, pieces = 256 };
static char buffer[piece];

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const long count = atol(argv[2]);
  if (strcmp(argv[1], "yield") == 0) {
    for (long i = 0; i < count; ++i) sched_yield();
    return 0;
  }
  const int reads = strcmp(argv[1], "read") == 0;
  const int fd = strcmp(argv[1], "output") == 0 ? 1 : open(argv[3], reads ? O_RDONLY : O_WRONLY | O_CREAT, 0600);
  if (fd < 0) return 1;
  for (long i = 0; i < count; ++i) {
    if (i % pieces == 0 && fd != 1 && lseek(fd, 0, SEEK_SET) != 0) return 1;
    if ((reads ? read(fd, buffer, piece) : write(fd, buffer, piece)) != piece) return 1;
  }
  return 0;
}
