/* What code of the baseline translator calls for what takes more than a few instructions. Each function takes its arguments
   as an array of words, which is how they lie on the guest's stack, and is called by the guest's code itself, so that the
   return address tells the function that trapped. Freestanding, without data. */
#include <stdint.h>

#include "runtime.h"
#include "baseline.h"

#define FROM_CODE HIDDEN __attribute__((noinline, used))
#define PLACE ((ArenaWord)__builtin_return_address(0))

typedef struct {
  struct ImageState image;
  const struct BaselineModule* module;
  wasm_rt_memory_t memory;
  ArenaWord words[];
} Instance;
_Static_assert(__builtin_offsetof(Instance, module) == BASELINE_MODULE, "baseline.h");
_Static_assert(__builtin_offsetof(Instance, memory) == BASELINE_MEMORY, "baseline.h");
_Static_assert(__builtin_offsetof(Instance, memory.pages) == BASELINE_MEMORY_PAGES, "baseline.h");
_Static_assert(__builtin_offsetof(Instance, words) == BASELINE_WORDS, "baseline.h");
_Static_assert(sizeof(wasm_rt_externref_table_t) == 16, "baseline.h");

static inline Instance* instance(void) {
  ArenaWord stack;
  __asm__("mov %%rsp, %0" : "=r"(stack));
  return (Instance*)((stack & ~(ARENA_SIZE - 1)) + ARENA_STATE);
}

__attribute__((noreturn, cold)) static void trap(wasm_rt_trap_t code, ArenaWord place) {
  const ArenaWord arguments[2] = {code, place};
  image_call(CALL_TRAP, arguments);
  __builtin_trap();
}

static inline const void* at(const struct BaselineModule* m, unsigned offset) { return (const char*)m + offset; }
static inline void* reference(const struct BaselineModule* m, unsigned record) { return record ? (void*)at(m, record) : 0; }
static inline wasm_rt_externref_table_t* table(Instance* i, ArenaWord n) {
  return (wasm_rt_externref_table_t*)(i->words + i->module->globals) + n;
}
static inline ArenaWord* dropped_elements(Instance* i) { return i->words + i->module->globals + 2ull * i->module->tables; }
static inline ArenaWord* dropped_data(Instance* i) { return dropped_elements(i) + i->module->elements; }

/* ---- memory ---- */

FROM_CODE ArenaWord baseline_memory_grow(const ArenaWord* a) { return wasm_rt_grow_memory(&instance()->memory, (uint32_t)a[0]); }

FROM_CODE void baseline_memory_copy(const ArenaWord* a) {
  const wasm_rt_memory_t* m = &instance()->memory;
  if (a[0] + a[2] > m->size || a[1] + a[2] > m->size) trap(WASM_RT_TRAP_OOB, PLACE);
  memmove(m->data + a[0], m->data + a[1], a[2]);
}

FROM_CODE void baseline_memory_fill(const ArenaWord* a) {
  const wasm_rt_memory_t* m = &instance()->memory;
  if (a[0] + a[2] > m->size) trap(WASM_RT_TRAP_OOB, PLACE);
  (memset)(m->data + a[0], (int)a[1], a[2]);
}

static void memory_init(Instance* i, ArenaWord segment, ArenaWord to, ArenaWord from, ArenaWord size, ArenaWord place) {
  const struct BaselineData* d = (const struct BaselineData*)at(i->module, i->module->data_at) + segment;
  const ArenaWord has = dropped_data(i)[segment] ? 0 : d->size;
  if (from + size > has || to + size > i->memory.size) trap(WASM_RT_TRAP_OOB, place);
  const uint8_t* bytes = (const uint8_t*)at(i->module, d->bytes_at) + from;
  (memcpy)(i->memory.data + to, bytes, size);
}

/* (to, from, size, segment) */
FROM_CODE void baseline_memory_init(const ArenaWord* a) { memory_init(instance(), a[3], a[0], a[1], a[2], PLACE); }
FROM_CODE void baseline_data_drop(const ArenaWord* a) { dropped_data(instance())[a[0]] = 1; }

/* ---- tables: references are addresses, of functions' records or the host's own; null is 0 ---- */

/* (index, table) */
FROM_CODE ArenaWord baseline_table_get(const ArenaWord* a) {
  const wasm_rt_externref_table_t* t = table(instance(), a[1]);
  if (a[0] >= t->size) trap(WASM_RT_TRAP_OOB, PLACE);
  return (ArenaWord)t->data[a[0]];
}

/* (index, value, table) */
FROM_CODE void baseline_table_set(const ArenaWord* a) {
  wasm_rt_externref_table_t* t = table(instance(), a[2]);
  if (a[0] >= t->size) trap(WASM_RT_TRAP_OOB, PLACE);
  t->data[a[0]] = (wasm_rt_externref_t)a[1];
}

/* (value, count, table) */
FROM_CODE ArenaWord baseline_table_grow(const ArenaWord* a) {
  return wasm_rt_grow_externref_table(table(instance(), a[2]), (uint32_t)a[1], (wasm_rt_externref_t)a[0]);
}

FROM_CODE ArenaWord baseline_table_size(const ArenaWord* a) { return table(instance(), a[0])->size; }

/* (from, value, count, table) */
FROM_CODE void baseline_table_fill(const ArenaWord* a) {
  wasm_rt_externref_table_t* t = table(instance(), a[3]);
  if (a[0] + a[2] > t->size) trap(WASM_RT_TRAP_OOB, PLACE);
  for (ArenaWord i = 0; i < a[2]; ++i) t->data[a[0] + i] = (wasm_rt_externref_t)a[1];
}

/* (to, from, count, table to, table from) */
FROM_CODE void baseline_table_copy(const ArenaWord* a) {
  Instance* i = instance();
  wasm_rt_externref_table_t *to = table(i, a[3]), *from = table(i, a[4]);
  if (a[0] + a[2] > to->size || a[1] + a[2] > from->size) trap(WASM_RT_TRAP_OOB, PLACE);
  memmove(to->data + a[0], from->data + a[1], a[2] * sizeof *to->data);
}

static void table_init(Instance* i, ArenaWord n, ArenaWord segment, ArenaWord to, ArenaWord from, ArenaWord count, ArenaWord place) {
  const struct BaselineElements* e = (const struct BaselineElements*)at(i->module, i->module->elements_at) + segment;
  wasm_rt_externref_table_t* t = table(i, n);
  const ArenaWord has = dropped_elements(i)[segment] ? 0 : e->count;
  if (from + count > has || to + count > t->size) trap(WASM_RT_TRAP_OOB, place);
  const unsigned* records = (const unsigned*)at(i->module, e->records_at) + from;
  for (ArenaWord k = 0; k < count; ++k) t->data[to + k] = reference(i->module, records[k]);
}

/* (to, from, count, table, segment) */
FROM_CODE void baseline_table_init(const ArenaWord* a) { table_init(instance(), a[3], a[4], a[0], a[1], a[2], PLACE); }
FROM_CODE void baseline_element_drop(const ArenaWord* a) { dropped_elements(instance())[a[0]] = 1; }

/* ---- instantiation (core specification 4.5.4), all but the start function; traps have the caller as their place ---- */

FROM_CODE void baseline_instantiate(ArenaWord limit, const struct BaselineModule* m) {
  Instance* i = instance();
  const ArenaWord words = m->globals + 2ull * m->tables + m->elements + m->data;
  i->image.end = ((ArenaWord)(i->words + words) + 15) & ~15ull;
  i->image.limit = limit;
  i->module = m;
  const struct BaselineGlobal* globals = at(m, m->globals_at);
  for (unsigned k = 0; k < m->globals; ++k)
    i->words[k] = globals[k].record ? (ArenaWord)reference(m, globals[k].record) : globals[k].bits;
  const struct BaselineTable* tables = at(m, m->tables_at);
  for (unsigned k = 0; k < m->tables; ++k) wasm_rt_allocate_externref_table(table(i, k), tables[k].minimum, tables[k].maximum);
  if (m->has_memory) wasm_rt_allocate_memory(&i->memory, m->pages, m->max_pages);
  for (unsigned k = 0; k < m->elements + m->data; ++k) dropped_elements(i)[k] = 0;
  const struct BaselineElements* elements = at(m, m->elements_at);
  for (unsigned k = 0; k < m->elements; ++k) {
    if (elements[k].mode == BASELINE_ACTIVE) table_init(i, elements[k].table, k, elements[k].offset, 0, elements[k].count, PLACE);
    if (elements[k].mode != BASELINE_PASSIVE) dropped_elements(i)[k] = 1;
  }
  const struct BaselineData* data = at(m, m->data_at);
  for (unsigned k = 0; k < m->data; ++k) {
    if (data[k].mode != BASELINE_ACTIVE) continue;
    memory_init(i, k, data[k].offset, 0, data[k].size, PLACE);
    dropped_data(i)[k] = 1;
  }
}

/* ---- conversions that x86-64 has no instruction for (core specification 4.3.2) ---- */

union Bits { ArenaWord word; uint32_t half; float f32; double f64; };
static inline float f32_of(ArenaWord w) { return (union Bits){.word = w}.f32; }
static inline double f64_of(ArenaWord w) { return (union Bits){.word = w}.f64; }

FROM_CODE ArenaWord baseline_f32_of_u64(const ArenaWord* a) { return (union Bits){.f32 = (float)a[0]}.half; }
FROM_CODE ArenaWord baseline_f64_of_u64(const ArenaWord* a) { return (union Bits){.f64 = (double)a[0]}.word; }

/* Bounds are exclusive, and exact in both types. */
#define DEFINE_TRUNCATE(name, from, to, word_of, above, below, least, most)                   \
  FROM_CODE ArenaWord baseline_##name(const ArenaWord* a) {                                  \
    const from x = from##_of(a[0]);                                                          \
    if (x != x) trap(WASM_RT_TRAP_INVALID_CONVERSION, PLACE);                                \
    if (!(x above && x below)) trap(WASM_RT_TRAP_INT_OVERFLOW, PLACE);                       \
    return word_of(to)x;                                                                     \
  }                                                                                          \
  FROM_CODE ArenaWord baseline_##name##_sat(const ArenaWord* a) {                            \
    const from x = from##_of(a[0]);                                                          \
    if (x != x) return 0;                                                                    \
    if (!(x above)) return word_of(to)least;                                                 \
    if (!(x below)) return word_of(to)most;                                                  \
    return word_of(to)x;                                                                     \
  }
typedef float f32;
typedef double f64;
DEFINE_TRUNCATE(i32_of_f32, f32, int32_t, (uint32_t), >= -2147483648.f, < 2147483648.f, INT32_MIN, INT32_MAX)
DEFINE_TRUNCATE(u32_of_f32, f32, uint32_t, (uint32_t), > -1.f, < 4294967296.f, 0, UINT32_MAX)
DEFINE_TRUNCATE(i32_of_f64, f64, int32_t, (uint32_t), > -2147483649., < 2147483648., INT32_MIN, INT32_MAX)
DEFINE_TRUNCATE(u32_of_f64, f64, uint32_t, (uint32_t), > -1., < 4294967296., 0, UINT32_MAX)
DEFINE_TRUNCATE(i64_of_f32, f32, int64_t, (ArenaWord), >= -9223372036854775808.f, < 9223372036854775808.f, INT64_MIN, INT64_MAX)
DEFINE_TRUNCATE(u64_of_f32, f32, uint64_t, (ArenaWord), > -1.f, < 18446744073709551616.f, 0, UINT64_MAX)
DEFINE_TRUNCATE(i64_of_f64, f64, int64_t, (ArenaWord), >= -9223372036854775808., < 9223372036854775808., INT64_MIN, INT64_MAX)
DEFINE_TRUNCATE(u64_of_f64, f64, uint64_t, (ArenaWord), > -1., < 18446744073709551616., 0, UINT64_MAX)
