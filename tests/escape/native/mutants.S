// Gates that lack one guard each.
#include "writ/fence/native_gate.inc"

gate key_without_check, 1, 1, WITHOUT_CHECK
gate key_whole, 1, 1
gate page_without_thread, 0, 1, WITHOUT_THREAD
gate page_without_flags, 0, 1, WITHOUT_FLAGS
gate page_without_fpu, 0, 1, WITHOUT_FPU
gate page_without_scrub, 0, 1, WITHOUT_SCRUB
gate page_whole, 0, 1

.section .note.GNU-stack,"",@progbits
