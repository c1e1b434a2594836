// One guest for every way to end: the soak test runs many of each at once.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile int hole;

static int recurse(int n) {
  volatile char room[1024];
  room[n % 1024] = (char)n;
  return n == hole - 1 ? 0 : recurse(n + 1) + room[0];
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  if (!strcmp(what, "good")) {
    char path[64];
    snprintf(path, sizeof path, "/state/good/%s", argc > 2 ? argv[2] : "x");
    FILE *f = fopen(path, "w");
    return f && fputs("done", f) >= 0 && fclose(f) == 0 ? 0 : 9;
  }
  if (!strcmp(what, "trap")) __builtin_trap();
  if (!strcmp(what, "wild")) hole = *(volatile int *)0xfffffff0;
  if (!strcmp(what, "deep")) return recurse(0);
  if (!strcmp(what, "spin"))
    for (;;) hole++;
  if (!strcmp(what, "denied")) return fopen("/etc/passwd", "r") ? 9 : 3;
  if (!strcmp(what, "grow")) {
    for (size_t n = 0; n < 4096; n++) {
      char *p = malloc(1 << 20);
      if (!p) return 4;
      memset(p, 1, 1 << 20);
      hole += p[n];  // or the compiler leaves the allocation out
    }
  }
  return 9;
}
