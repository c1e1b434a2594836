/* What the code of the baseline translator (baseline.h of the room) and its part of the runtime agree on: the instance in
   the arena, and the description of a module among the image's constants. Plain C, read by both. */
#ifndef WRIT_IMAGE_BASELINE_H
#define WRIT_IMAGE_BASELINE_H

/* The instance, from ARENA_STATE on (runtime.h has what comes before): offsets in bytes. */
#define BASELINE_MODULE 152     /* address of the description */
#define BASELINE_MEMORY 160     /* wasm_rt_memory_t */
#define BASELINE_MEMORY_PAGES (BASELINE_MEMORY + 8)
#define BASELINE_WORDS 184      /* globals, a word each; tables, two words each; whether a segment was dropped, a word each */

/* Offsets are from the description itself, so that nothing of an image needs to be relocated. 0 as the offset of a function's
   record is the null reference. */
struct BaselineModule {
  unsigned pages, max_pages; /* of the memory */
  unsigned has_memory;
  unsigned globals, tables, elements, data;                 /* how many */
  unsigned globals_at, tables_at, elements_at, data_at;
};
struct BaselineGlobal { unsigned long long bits; unsigned record, unused; }; /* a value, or a function's record */
struct BaselineTable { unsigned minimum, maximum; };
enum BaselineMode { BASELINE_PASSIVE, BASELINE_ACTIVE, BASELINE_DECLARED };
struct BaselineElements { unsigned mode, table, offset, count, records_at; };
struct BaselineData { unsigned mode, offset, size, bytes_at; };

/* What a reference to a function points to: its type's number (never 0), and where its code is from here. */
struct BaselineRecord { unsigned type; int code; };

#endif
