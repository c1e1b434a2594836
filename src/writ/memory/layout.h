/* Where things lie in an arena. Plain C, because the runtime that is compiled into every image reads it too
   (freestanding, no libc), beside the host and the tests.

   An arena is one slot's 16 GiB of address space, aligned to its size: image code finds its own arena by masking its
   stack pointer, so it needs no thread-local storage, no FS base, and no pointer to itself.

     0                    header: one page that the guest reads and cannot write
     ..                   nothing: 2 GiB, so that no stack frame can jump over it
     STACK_TOP - stack    the guest's stack, grows down
     STATE                right above the stack: instance structure, then tables
     ..                   nothing
     MEMORY               linear memory; address (32 bit) + constant offset (32 bit) + access stays below the end

   Everything but the header carries the slot's own protection key from the start; what is not committed has no access. */
#ifndef WRIT_MEMORY_LAYOUT_H
#define WRIT_MEMORY_LAYOUT_H

#define ARENA_SIZE (16ull << 30)
#define ARENA_HEADER 0ull
#define ARENA_HEADER_SIZE 4096ull
#define ARENA_STACK_TOP ((2ull << 30) + (64ull << 20))
#define ARENA_STACK (1ull << 20)     /* default size */
#define ARENA_STACK_MAX (64ull << 20)
#define ARENA_STATE ARENA_STACK_TOP
#define ARENA_STATE_MAX (16ull << 20)
#define ARENA_MEMORY (4ull << 30)
#define ARENA_WASM_PAGE 65536ull
#define ARENA_MEMORY_PAGES_MAX 65535ull /* not 65536: its size in bytes must fit 32 bits */

/* Host calls that the image runtime itself needs. The module's own imports follow, in the image's order. */
#define CALL_TRAP 0         /* (code, place): the guest traps; does not return */
#define CALL_MEMORY_INIT 1  /* (pages, maximum) -> the maximum that the host allows; all pages are there, or it does not return */
#define CALL_MEMORY_GROW 2  /* (pages) -> pages before, or 0xffffffff */
#define CALL_FIRST_IMPORT 3

#define CALL_ARGUMENTS_MAX 12 /* words that a host call reads at most; they must lie on the guest's own stack */

#ifndef __ASSEMBLER__
typedef unsigned long long ArenaWord;

/* The first page. `call` leaves the arena through the slot's gate: index of the host call, its arguments. */
struct ArenaHeader {
  ArenaWord (*call)(ArenaWord index, const ArenaWord* arguments);
};
#endif
#endif
