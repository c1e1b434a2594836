/* The bytes behind embedded.cc; the paths come from CMakeLists.txt. */
        .section .rodata
#define FILE(name, path)   \
        .globl name;       \
        .globl name##_end; \
        .balign 16;        \
name:   .incbin path;      \
name##_end:
FILE(writ_image_wasm_rt, WRIT_WASM_RT)
FILE(writ_image_runtime_h, WRIT_RUNTIME_H)
FILE(writ_image_layout, WRIT_LAYOUT)
FILE(writ_image_runtime_o, WRIT_RUNTIME_O)
FILE(writ_image_baseline, WRIT_BASELINE_SO)
        .section .note.GNU-stack,"",@progbits
