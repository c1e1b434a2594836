/* The state of one instance as it begins in the arena, at ARENA_STATE. The generated glue puts the module's own structure
   behind it, and tables behind that. Read and written by the host too, between runs (engine.cc). */
#ifndef WRIT_IMAGE_RUNTIME_H
#define WRIT_IMAGE_RUNTIME_H

#include "writ/memory/layout.h"
#include "writ/guest/wasm/image/wasm-rt.h"

#define IMAGE_ARGUMENTS 16

struct ImageState {
  ArenaWord end;   /* of what is in use: where the next table goes */
  ArenaWord limit; /* of the state area */
  ArenaWord result;
  ArenaWord arguments[IMAGE_ARGUMENTS]; /* of the exported function to call */
};

HIDDEN ArenaWord image_call(ArenaWord index, const ArenaWord* arguments);

#endif
