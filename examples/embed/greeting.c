// The guest of examples/embed: writes one object of the state, which to it is a file.
#include <stdio.h>

int main(void) {
  FILE* f = fopen("/state/greeting.txt", "w");
  if (!f) return perror("greeting.txt"), 1;
  fprintf(f, "hello from inside the fence\n");
  return fclose(f) ? (perror("greeting.txt"), 1) : 0;
}
