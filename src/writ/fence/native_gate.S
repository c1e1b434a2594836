// The gates of the fence; native_gate.inc says what they are.
#include "native_gate.inc"

gate key_sse, 1, 0
gate key_avx, 1, 1
gate key_avx512, 1, 2
gate page_sse, 0, 0
gate page_avx, 0, 1
gate page_avx512, 0, 2

.section .note.GNU-stack,"",@progbits
