/* Uses a mebibyte, all of it. */
#include <string.h>

static char all[1 << 20];
int main(int argc, char** argv) {
  (void)argv;
  memset(all, argc, sizeof all);
  return all[sizeof all - 1] - argc;
}
