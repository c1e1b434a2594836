/* The trivial task: one line, then its end. */
#include <stdio.h>
int main(void) {
  puts("hello");
  return 0;
}
