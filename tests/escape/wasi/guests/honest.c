// Does what it was granted: the run after each hostile one.
#include <stdio.h>

int main(void) {
  FILE* file = fopen("/state/honest/mark", "w");
  if (!file || fputs("done", file) < 0 || fclose(file) != 0) return 1;
  puts("honest");
  return 0;
}
