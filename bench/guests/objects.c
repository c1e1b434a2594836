/* A small durable task: four objects of 4 KiB, named after the argument. */
#include <stdio.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char** argv) {
  static char body[4096];
  char path[64];
  if (argc != 3) return 2;
  for (int i = 0; i < 4; ++i) {
    snprintf(path, sizeof path, "/state/%s/%d", argv[1], i);
    memset(body, argv[2][0] + i, sizeof body);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, body, sizeof body) != sizeof body || close(fd) != 0) return 1;
  }
  return 0;
}
