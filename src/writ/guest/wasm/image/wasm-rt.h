/* What the C code that wasm2c 1.0.32 writes needs to know of its runtime, and the small part of the C library that it
   includes: everything is here, so that an image depends on no header of the system. The names are wabt's; what they do is
   in runtime.c. Freestanding; part of the toolchain digest. */
#ifndef WRIT_WASM_RT_H
#define WRIT_WASM_RT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HIDDEN __attribute__((visibility("hidden")))
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define LIKELY(x) __builtin_expect(!!(x), 1)

/* Guard pages do the checking of addresses and of the stack. */
#define WASM_RT_MEMCHECK_SIGNAL_HANDLER 1
#define WASM_RT_USE_STACK_DEPTH_COUNT 0

#define wasm_rt_memcpy __builtin_memcpy
#define wasm_rt_unreachable __builtin_unreachable

/* Numbers of traps: known to the host too (trap.cc). */
typedef enum {
  WASM_RT_TRAP_NONE,
  WASM_RT_TRAP_OOB,
  WASM_RT_TRAP_INT_OVERFLOW,
  WASM_RT_TRAP_DIV_BY_ZERO,
  WASM_RT_TRAP_INVALID_CONVERSION,
  WASM_RT_TRAP_UNREACHABLE,
  WASM_RT_TRAP_CALL_INDIRECT,
  WASM_RT_TRAP_UNCAUGHT_EXCEPTION,
  WASM_RT_TRAP_EXHAUSTION,
} wasm_rt_trap_t;

typedef void (*wasm_rt_function_ptr_t)(void);

typedef struct {
  uint32_t func_type;
  wasm_rt_function_ptr_t func;
  void* module_instance;
} wasm_rt_funcref_t;
typedef void* wasm_rt_externref_t;
#define wasm_rt_funcref_null_value ((wasm_rt_funcref_t){0, 0, 0})
#define wasm_rt_externref_null_value ((wasm_rt_externref_t)0)

typedef struct {
  uint8_t* data;
  uint32_t pages, max_pages;
  uint32_t size; /* in bytes: so there are at most 65535 pages */
} wasm_rt_memory_t;

typedef struct {
  wasm_rt_funcref_t* data;
  uint32_t max_size;
  uint32_t size;
} wasm_rt_funcref_table_t;

typedef struct {
  wasm_rt_externref_t* data;
  uint32_t max_size;
  uint32_t size;
} wasm_rt_externref_table_t;

HIDDEN __attribute__((noreturn, cold)) void wasm_rt_trap(wasm_rt_trap_t);
HIDDEN void wasm_rt_allocate_memory(wasm_rt_memory_t*, uint32_t pages, uint32_t max_pages);
HIDDEN uint32_t wasm_rt_grow_memory(wasm_rt_memory_t*, uint32_t pages);
HIDDEN void wasm_rt_allocate_funcref_table(wasm_rt_funcref_table_t*, uint32_t elements, uint32_t max_elements);
HIDDEN void wasm_rt_allocate_externref_table(wasm_rt_externref_table_t*, uint32_t elements, uint32_t max_elements);
HIDDEN uint32_t wasm_rt_grow_funcref_table(wasm_rt_funcref_table_t*, uint32_t delta, wasm_rt_funcref_t value);
HIDDEN uint32_t wasm_rt_grow_externref_table(wasm_rt_externref_table_t*, uint32_t delta, wasm_rt_externref_t value);
/* An arena is wiped, never freed piece by piece. */
static inline void wasm_rt_free_memory(wasm_rt_memory_t* m) { (void)m; }
static inline void wasm_rt_free_funcref_table(wasm_rt_funcref_table_t* t) { (void)t; }
static inline void wasm_rt_free_externref_table(wasm_rt_externref_table_t* t) { (void)t; }
static inline bool wasm_rt_is_initialized(void) { return true; }

/* <assert.h> <math.h> <string.h> */
#define assert(condition) ((void)0)
#define NAN __builtin_nanf("")
#define INFINITY __builtin_inff()
#define isnan(x) __builtin_isnan(x)
#define signbit(x) __builtin_signbit(x)
HIDDEN void* memcpy(void* restrict to, const void* restrict from, size_t size);
HIDDEN void* memmove(void* to, const void* from, size_t size);
HIDDEN void* memset(void* to, int value, size_t size);
#define memcpy(to, from, size) __builtin_memcpy(to, from, size)
/* Rounding and roots are single instructions (SSE 4.1), never calls. */
#define floor(x) __builtin_floor(x)
#define floorf(x) __builtin_floorf(x)
#define ceil(x) __builtin_ceil(x)
#define ceilf(x) __builtin_ceilf(x)
#define trunc(x) __builtin_trunc(x)
#define truncf(x) __builtin_truncf(x)
#define nearbyint(x) __builtin_nearbyint(x)
#define nearbyintf(x) __builtin_nearbyintf(x)
#define sqrt(x) __builtin_sqrt(x)
#define sqrtf(x) __builtin_sqrtf(x)
#define fabs(x) __builtin_fabs(x)
#define fabsf(x) __builtin_fabsf(x)
#define copysign(x, y) __builtin_copysign(x, y)
#define copysignf(x, y) __builtin_copysignf(x, y)

#endif
