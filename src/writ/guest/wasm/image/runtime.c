/* The part of an image that is not the module. Freestanding: no libc, no thread-local storage, no data that is ever
   written. Whatever changes lies in the arena, which is found by masking the stack pointer (layout.h); so one image
   serves any number of arenas at once. Everything here runs with the guest's rights and is trusted no more than it. */
#include "runtime.h"

typedef unsigned char Byte;

static inline ArenaWord arena(void) {
  ArenaWord stack;
  __asm__("mov %%rsp, %0" : "=r"(stack));
  return stack & ~(ARENA_SIZE - 1);
}

HIDDEN ArenaWord image_call(ArenaWord index, const ArenaWord* arguments) {
  return ((const struct ArenaHeader*)(arena() + ARENA_HEADER))->call(index, arguments);
}

void wasm_rt_trap(wasm_rt_trap_t code) {
  const ArenaWord arguments[2] = {code, (ArenaWord)__builtin_return_address(0)};
  image_call(CALL_TRAP, arguments);
  __builtin_trap();
}

/* ---- bytes: the few functions that compilers call on their own ---- */

typedef uint64_t __attribute__((aligned(1), may_alias)) Word; /* anywhere, of anything */

static void copy_up(Byte* to, const Byte* from, size_t size) {
  if (size >= 512) {
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
    return;
  }
  for (; size >= 8; size -= 8, to += 8, from += 8) *(Word*)to = *(const Word*)from;
  for (; size; --size) *to++ = *from++;
}

static void copy_down(Byte* to, const Byte* from, size_t size) {
  for (to += size, from += size; size >= 8; size -= 8) *(Word*)(to -= 8) = *(const Word*)(from -= 8);
  for (; size; --size) *--to = *--from;
}

void* (memcpy)(void* restrict to, const void* restrict from, size_t size) {
  copy_up(to, from, size);
  return to;
}

void* memmove(void* to, const void* from, size_t size) {
  if ((size_t)to - (size_t)from >= size) copy_up(to, from, size);
  else copy_down(to, from, size);
  return to;
}

void* memset(void* to, int value, size_t size) {
  Byte* t = to;
  if (size >= 256) {
    __asm__ volatile("rep stosb" : "+D"(t), "+c"(size) : "a"(value) : "memory");
    return to;
  }
  const Word word = (Byte)value * 0x0101010101010101ull;
  for (; size >= 8; size -= 8, t += 8) *(Word*)t = word;
  for (; size; --size) *t++ = (Byte)value;
  return to;
}

/* ---- linear memory: the host keeps the true size; the guest's copy is for memory.size and bulk operations ---- */

void wasm_rt_allocate_memory(wasm_rt_memory_t* memory, uint32_t pages, uint32_t max_pages) {
  const ArenaWord arguments[2] = {pages, max_pages};
  memory->data = (uint8_t*)(arena() + ARENA_MEMORY);
  memory->max_pages = (uint32_t)image_call(CALL_MEMORY_INIT, arguments);
  memory->pages = pages;
  memory->size = pages * (uint32_t)ARENA_WASM_PAGE;
}

uint32_t wasm_rt_grow_memory(wasm_rt_memory_t* memory, uint32_t delta) {
  const ArenaWord arguments[1] = {delta};
  if (delta > memory->max_pages - memory->pages) return UINT32_MAX;
  const uint32_t before = (uint32_t)image_call(CALL_MEMORY_GROW, arguments);
  if (before == UINT32_MAX) return before;
  memory->pages = before + delta;
  memory->size = memory->pages * (uint32_t)ARENA_WASM_PAGE;
  return before;
}

/* ---- tables: laid out one after another behind the instance; a table that cannot grow in place moves to the end ---- */

static void* allocate(uint64_t bytes) {
  struct ImageState* state = (struct ImageState*)(arena() + ARENA_STATE);
  if (bytes > state->limit - state->end) return 0;
  void* at = (void*)state->end;
  state->end += bytes;
  return at;
}

static bool extends_in_place(const void* end, uint64_t bytes) {
  const struct ImageState* state = (const struct ImageState*)(arena() + ARENA_STATE);
  return (ArenaWord)end == state->end && allocate(bytes);
}

#define DEFINE_TABLE(kind, null)                                                                                     \
  void wasm_rt_allocate_##kind##_table(wasm_rt_##kind##_table_t* table, uint32_t elements, uint32_t max_elements) {  \
    table->data = allocate((uint64_t)elements * sizeof *table->data);                                                \
    if (!table->data) wasm_rt_trap(WASM_RT_TRAP_OOB);                                                                \
    table->size = elements;                                                                                          \
    table->max_size = max_elements;                                                                                  \
    for (uint32_t i = 0; i < elements; ++i) table->data[i] = null;                                                   \
  }                                                                                                                  \
  uint32_t wasm_rt_grow_##kind##_table(wasm_rt_##kind##_table_t* table, uint32_t delta, wasm_rt_##kind##_t value) {  \
    const uint32_t before = table->size;                                                                             \
    if (delta > table->max_size - before) return UINT32_MAX;                                                         \
    if (!extends_in_place(table->data + before, (uint64_t)delta * sizeof *table->data)) {                            \
      void* moved = allocate(((uint64_t)before + delta) * sizeof *table->data);                                      \
      if (!moved) return UINT32_MAX;                                                                                 \
      (memcpy)(moved, table->data, (uint64_t)before * sizeof *table->data);                                          \
      table->data = moved;                                                                                           \
    }                                                                                                                \
    for (uint32_t i = 0; i < delta; ++i) table->data[before + i] = value;                                            \
    table->size = before + delta;                                                                                    \
    return before;                                                                                                   \
  }

DEFINE_TABLE(funcref, wasm_rt_funcref_null_value)
DEFINE_TABLE(externref, wasm_rt_externref_null_value)
