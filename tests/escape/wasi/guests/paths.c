// Tries each path of its arguments in every way there is to touch a path, and prints what came of opening it. Ends with 0
// if nothing outside could be read, listed, changed or made; what may be read is named with a leading '+'.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int breaches;
static void breach(const char* what, const char* path) {
  printf("BREACH %s %s\n", what, path);
  ++breaches;
}

static void try_path(const char* path) {
  char bytes[64];
  struct stat status;
  const int fd = open(path, O_RDONLY);
  printf("%s: %s\n", path, fd < 0 ? strerror(errno) : "open");
  if (fd >= 0 && read(fd, bytes, sizeof bytes) > 0) breach("read", path);
  if (fd >= 0) close(fd);
  DIR* folder = opendir(path);
  if (folder && readdir(folder)) breach("list", path);
  if (folder) closedir(folder);
  if (stat(path, &status) == 0) breach("stat", path);
  if (open(path, O_WRONLY) >= 0) breach("write", path);
  if (open(path, O_RDWR | O_CREAT | O_TRUNC, 0600) >= 0) breach("create", path);
  if (unlink(path) == 0) breach("unlink", path);
  if (rmdir(path) == 0) breach("rmdir", path);
  if (mkdir(path, 0700) == 0) breach("mkdir", path);
  if (rename(path, "/state/stolen") == 0) breach("rename", path);
  if (link(path, "/state/stolen") == 0) breach("link", path);
  if (symlink(path, "/state/stolen") == 0) breach("symlink", path);
  if (truncate(path, 0) == 0) breach("truncate", path);
}

int main(int argc, char** argv) {
  for (int k = 1; k < argc; ++k) {
    if (argv[k][0] != '+') {
      try_path(argv[k]);
      continue;
    }
    const int fd = open(argv[k] + 1, O_RDONLY);
    if (fd < 0) breach("honest path refused", argv[k]);
    else close(fd);
  }
  return breaches == 0 ? 0 : 1;
}
