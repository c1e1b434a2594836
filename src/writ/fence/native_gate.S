// The call gate. Templates: each slot gets its own copy with its own immediates (address of the control block, PKRU of the
// guest), on a page of key 0 that guests can execute and not read.
//
// Rules: every WRPKRU is followed by a check of the value that was written; nothing that the guest left in a register, in
// the flags, in the FPU or on its stack is trusted; no store of the gate works without an open PKRU, so that a jump into
// its middle faults. RUNNING is set before the selector blocks and cleared after it allows: the signal entry asks RUNNING
// who was interrupted, and abandoning is right at every instruction in between.
#include "native_control.h"
.intel_syntax noprefix

// PKRU := 0. A guest that jumps at the WRPKRU brings its own eax.
.macro open_keys keys, site
  .if \keys
        xor eax, eax
        xor ecx, ecx
        xor edx, edx
\site:  wrpkru
        test eax, eax
        jne 9f
  .endif
.endm

.macro close_keys keys, value, site, check
  .if \keys
\value: mov eax, 0x11223344
        xor ecx, ecx
        xor edx, edx
\site:  wrpkru
\check: cmp eax, 0x11223344
        jne 9f
  .endif
.endm

// Vector registers hold what the host's memcpy and ciphers last touched. vzeroall leaves zmm16..31 and the masks alone.
.macro scrub vectors
  .if \vectors == 0
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
        pxor xmm\n, xmm\n
    .endr
  .else
        vzeroall
  .endif
  .if \vectors == 2
    .irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        vpxord zmm\n, zmm\n, zmm\n
    .endr
    .irp n, 0,1,2,3,4,5,6,7
        kxorw k\n, k\n, k\n
    .endr
  .endif
.endm

// r11 := control block (patched). The thread must be the one that entered: another slot's gate is no way out.
.macro control site
\site:  movabs r11, 0x1122334455667788
.endm
.macro same_thread
        rdfsbase r10
        cmp r10, [r11 + CB_FS_BASE]
        jne 9f
.endm
.macro host_flags                               // trap, alignment check and direction flags are the guest's until here
        push 0x202
        popfq
.endm
.macro guest_may_run
        mov dword ptr [r11 + CB_RUNNING], 1
        mov r10, [r11 + CB_SELECTOR]
        mov byte ptr [r10], 1
        cmp dword ptr [r11 + CB_STOP], 0
.endm
.macro host_runs
        mov r10, [r11 + CB_SELECTOR]
        mov byte ptr [r10], 0
        mov dword ptr [r11 + CB_RUNNING], 0
.endm

.macro gate name, keys, vectors
.section .rodata
.balign 64
.globl writ_gate_\name\()_code, writ_gate_\name\()_map
writ_gate_\name\()_code:
\name\()_enter:                                 // rax = enter(): 1 the guest's function returned, 0 it was made to leave
        push rbp
        push rbx
        push r12
        push r13
        push r14
        push r15
        sub rsp, 8
        stmxcsr [rsp]
        fnstcw [rsp + 4]
        control \name\()_c1
        mov [r11 + CB_HOST_STACK], rsp
        mov r8, [r11 + CB_GUEST_STACK]
        mov r9, [r11 + CB_FUNCTION]
        mov rdi, [r11 + CB_ARGUMENT0]
        mov rsi, [r11 + CB_ARGUMENT1]
        guest_may_run
        jne 7f
        close_keys \keys, \name\()_v1, \name\()_w1, \name\()_k1
        mov rsp, r8
        scrub \vectors
        xor eax, eax
        xor ebx, ebx
        xor ecx, ecx
        xor edx, edx
        xor ebp, ebp
        xor r8d, r8d
        xor r10d, r10d
        xor r11d, r11d
        xor r12d, r12d
        xor r13d, r13d
        xor r14d, r14d
        xor r15d, r15d
        cld
        call r9
        open_keys \keys, \name\()_w2
        control \name\()_c2
        same_thread
        mov rsp, [r11 + CB_HOST_STACK]
        host_flags
        mov eax, 1
        jmp 8f

.balign 16
\name\()_call:                                  // from the guest: rdi = index, rsi = arguments
        mov r8, rsp
        open_keys \keys, \name\()_w3
        control \name\()_c3
        same_thread
        mov [r11 + CB_GUEST_STACK], r8
        mov rsp, [r11 + CB_HOST_STACK]
        host_flags
        emms                                    // a full x87 stack or a pending exception is the guest's, and RUNNING
        fldcw [rsp + 4]                         // still says so
        ldmxcsr [rsp]
        host_runs
        mov rdx, r11
        call [r11 + CB_DISPATCH]                // (index, arguments, control): rax = value, rdx != 0: does not go back
        control \name\()_c4
        test edx, edx
        jne 7f
        guest_may_run
        jne 7f
        mov r9, rax
        mov r8, [r11 + CB_GUEST_STACK]
        close_keys \keys, \name\()_v2, \name\()_w4, \name\()_k2
        mov rsp, r8
        scrub \vectors
        mov rax, r9
        xor edi, edi
        xor esi, esi
        xor ecx, ecx
        xor edx, edx
        xor r8d, r8d
        xor r9d, r9d
        xor r10d, r10d
        xor r11d, r11d
        ret

.balign 16
\name\()_abandon:                               // from the signal entry, or from whoever jumps here: the guest is over
        open_keys \keys, \name\()_w5
        control \name\()_c5
        same_thread
        mov rsp, [r11 + CB_HOST_STACK]
        host_flags
7:      xor eax, eax
8:      host_runs                               // r11 = control block, rsp = the host's
        fninit
        ldmxcsr [rsp]
        fldcw [rsp + 4]
        add rsp, 8
        pop r15
        pop r14
        pop r13
        pop r12
        pop rbx
        pop rbp
        ret
9:      ud2
\name\()_end:

// struct GateMap of native_gate.cc.
.balign 8
writ_gate_\name\()_map:
        .long \name\()_end - \name\()_enter, \name\()_call - \name\()_enter, \name\()_abandon - \name\()_enter
        .irp n, 1,2,3,4,5
        .long \name\()_c\n - \name\()_enter + 2
        .endr
  .if \keys
        .long \name\()_v1 - \name\()_enter + 1, \name\()_k1 - \name\()_enter + 1
        .long \name\()_v2 - \name\()_enter + 1, \name\()_k2 - \name\()_enter + 1
    .irp n, 1,2,3,4,5
        .long \name\()_w\n - \name\()_enter
    .endr
  .else
        .long 0, 0, 0, 0, 0, 0, 0, 0, 0
  .endif
.endm

gate key_sse, 1, 0
gate key_avx, 1, 1
gate key_avx512, 1, 2
gate page_sse, 0, 0
gate page_avx, 0, 1
gate page_avx512, 0, 2

.section .note.GNU-stack,"",@progbits
