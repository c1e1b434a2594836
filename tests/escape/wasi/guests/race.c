// Reads one file again and again, while somebody outside exchanges it with a link that leads out. Ends with 1 if it ever
// sees anything but the file's own content.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char** argv) {
  unsigned opened = 0, refused = 0;
  for (int k = 0; k < 3000 && argc == 2; ++k) {
    char bytes[16] = {0};
    const int fd = open(argv[1], O_RDONLY);
    if (fd < 0) {
      ++refused;
      continue;
    }
    const long n = read(fd, bytes, sizeof bytes - 1);
    close(fd);
    if (n > 0 && strcmp(bytes, "inside") != 0) {
      printf("saw '%s'\n", bytes);
      return 1;
    }
    ++opened;
  }
  printf("%u opened, %u refused\n", opened, refused);
  return 0;
}
