/* C with the bugs that C has. Within its linear memory a guest may do to itself what it likes; nobody else notices. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY(name) __attribute__((export_name(#name))) void name(void)

static void (*volatile pointer)(void);
static int takes(int x) { return x + 1; }
static volatile uintptr_t wild;

ENTRY(pointer_cast) { pointer = (void (*)(void))takes; pointer(); }
ENTRY(pointer_wild) { pointer = (void (*)(void))(uintptr_t)0x12345; pointer(); }
ENTRY(pointer_null) { pointer = 0; pointer(); }
ENTRY(read_far) { wild = 0xfffffff0; (void)*(volatile int*)wild; }
ENTRY(write_far) { wild = 0x7ffffff0; *(volatile int*)wild = 1; }
ENTRY(ok_write_everywhere) { for (wild = 64; wild < 65536; ++wild) *(volatile char*)wild = (char)0xaa; }
ENTRY(ok_use_after_free) {
  char* p = malloc(100);
  free(p);
  memset(p, 0xff, 100);
  char* volatile q = malloc(100);
  if (q) q[0] = 1;
}
static int deep(int n) {
  volatile char frame[4096];
  frame[n % 4096] = (char)n;
  return deep(n + 1) + frame[n % 4096];
}
ENTRY(shadow_stack) { wild = (uintptr_t)deep(0); }
ENTRY(ok_grow_bomb) { /* malloc until it says no */
  size_t got = 0;
  for (void* volatile p; (p = malloc(1 << 20)); got += 1 << 20) memset(p, 1, 100);
  if (got > (512u << 20)) __builtin_trap();
}
int main(void) { return 0; }
