// flood output: prints for ever.  flood descriptors N: opens until it is refused, N at most, and gives them back.
// flood record: tries long paths, each another one, so that the record of what it tried would grow without end.
// flood cookies: reads a folder from places that nobody gave out.  flood objects: writes more than a task may hold.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wasi.h"

static int descriptors(int limit) {
  for (int round = 0; round < 3; ++round) {
    int last = -1, fd, n = 0;
    while ((fd = open("/state/flood/file", O_RDWR | O_CREAT, 0600)) >= 0 && n++ < 100000) last = fd;
    if (errno != EMFILE || last != limit - 1) {
      printf("the last was %d: %s\n", last, strerror(errno));
      return 1;
    }
    for (fd = 4; fd <= last; ++fd) close(fd);
  }
  return 0;
}

static int cookies(void) {
  for (char name[] = "/state/flood/a"; name[13] <= 'z'; ++name[13]) close(open(name, O_WRONLY | O_CREAT, 0600));
  const int fd = open("/state/flood", O_RDONLY | O_DIRECTORY);
  static uint8_t out[4096];
  const I places[] = {1, 2, 27, 28, 29, 1000, 1ull << 31, 1ull << 32, 1ull << 63, ~0ull};
  for (unsigned k = 0; k < sizeof places / sizeof *places; ++k) {
    i used = 0;
    if (w_fd_readdir((i)fd, (i)out, sizeof out, places[k], (i)&used) != 0 || used > sizeof out) return 1;
    if (places[k] > 28 && used != 0) return 1;
  }
  return 0;
}

static int objects(void) {
  static char block[1 << 20];
  for (int k = 0; k < 1000; ++k) {
    char name[32];
    snprintf(name, sizeof name, "/state/flood/%d", k);
    const int fd = open(name, O_WRONLY | O_CREAT, 0600);
    for (int n = 0; n < 70; ++n)
      if (write(fd, block, sizeof block) < 0) {
        if (errno != ENOSPC) return 1;
        if (n == 0) return 0;  // not even the first block of a new object
        break;
      }
    close(fd);
  }
  return 1;
}

static int record(void) {
  static char path[4000];
  memset(path, 'a', sizeof path - 1);
  for (int k = 200; k < 3900; k += 200) path[k] = '/';
  for (unsigned k = 0;; ++k) {
    snprintf(path, 11, "/%09u", k);
    path[10] = 'a';
    open(path, O_RDONLY);
  }
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "output") == 0)
    for (;;) puts("again and again and again");
  if (argc > 2 && strcmp(argv[1], "descriptors") == 0) return descriptors(atoi(argv[2]));
  if (argc > 1 && strcmp(argv[1], "record") == 0) return record();
  if (argc > 1 && strcmp(argv[1], "cookies") == 0) return cookies();
  if (argc > 1 && strcmp(argv[1], "objects") == 0) return objects();
  return 64;
}
