// Where signals arrive. The kernel enters with the initial PKRU: only key 0 is open, which is what a guest does not have,
// so that a guest that jumps here faults at the first load.
//
// If a guest was running, its stay is over: the facts are noted in the control block and the gate's way out is taken. There
// is no return: rt_sigreturn is a system call like any other, and it would load a frame. Registers and stack may be
// forged by a guest that jumps at the WRPKRU below, hence the order: check, load again, ask again.
#include "native_control.h"
.intel_syntax noprefix
.text

// r10 = control block, r11 = record: notes what the kernel wrote, if it can have been the kernel.
.macro record_signal otherwise
        mov rax, rsi                            // only what the kernel can have written
        sub rax, [r11 + TR_STACK]
        cmp rax, [r11 + TR_STACK_SIZE]
        jae \otherwise
        mov rax, rdx
        sub rax, [r11 + TR_STACK]
        cmp rax, [r11 + TR_STACK_SIZE]
        jae \otherwise
        mov eax, [rsi + 8]
        mov [r10 + CB_CODE], eax
        mov rax, [rsi + 16]
        mov [r10 + CB_ADDRESS], rax
        mov eax, [rsi + 24]
        mov [r10 + CB_CALL], eax
        mov rax, [rdx + 168]
        mov [r10 + CB_INSTRUCTION], rax
        mov eax, [rsi]
        mov [r10 + CB_SIGNAL], eax
.endm

.globl writ_fence_signal
.type writ_fence_signal, @function
writ_fence_signal:                              // (signal, siginfo, ucontext)
        endbr64
        mov rax, [rip + writ_fence_record@gottpoff]
        mov r11, fs:[rax]
        test r11, r11
        jz 3f
        mov r10, [r11 + TR_CONTROL]
        test r10, r10
        jz 2f
        cmp dword ptr [r10 + CB_RUNNING], 0
        je 2f
        cmp dword ptr [r10 + CB_SIGNAL], 0      // the first one counts
        jne 1f
        record_signal 1f
1:      jmp [r10 + CB_ABANDON]

2:      cmp dword ptr [r11 + TR_KEYS], 0        // the host was interrupted: its handler must be able to make system calls
        je 3f
        mov r8, rdx
        xor eax, eax
        xor ecx, ecx
        xor edx, edx
.globl writ_fence_wrpkru_1
writ_fence_wrpkru_1:
        wrpkru
        test eax, eax
        jne 9f
        mov rax, [rip + writ_fence_record@gottpoff]
        mov r11, fs:[rax]
        test r11, r11
        jz 9f
        mov r10, [r11 + TR_CONTROL]
        test r10, r10
        jz 4f
        cmp dword ptr [r10 + CB_RUNNING], 0
        jne 9f
4:      mov rdx, r8
3:      jmp writ_fence_host_signal

9:      xor eax, eax                            // as in the gate: a signal must be able to arrive
        xor ecx, ecx
        xor edx, edx
        wrpkru
        test eax, eax
        jne 9b
        ud2
.size writ_fence_signal, . - writ_fence_signal

// SignalStack::slot: the frame lies in the slot's key, which the initial PKRU denies. So the keys are opened before anything
// is read, and who was interrupted is asked behind the check. A guest can come here by a jump, with PKRU open from then on
// and with registers of its choice: RUNNING says so, its stay is over, and what it may have forged in its own stack are the
// words that say how it ended.
.globl writ_fence_signal_in_slot
.type writ_fence_signal_in_slot, @function
writ_fence_signal_in_slot:                      // (signal, siginfo, ucontext)
        endbr64
        mov r8, rdx
        xor eax, eax
        xor ecx, ecx
        xor edx, edx
.globl writ_fence_wrpkru_3
writ_fence_wrpkru_3:
        wrpkru
        test eax, eax
        jne 9b
        mov rdx, r8
        mov rax, [rip + writ_fence_record@gottpoff]
        mov r11, fs:[rax]
        test r11, r11
        jz 7f
        mov r10, [r11 + TR_CONTROL]
        test r10, r10
        jz 7f
        cmp dword ptr [r10 + CB_RUNNING], 0
        je 7f
        cmp dword ptr [r10 + CB_SIGNAL], 0
        jne 6f
        record_signal 6f
6:      jmp [r10 + CB_ABANDON]
7:      jmp writ_fence_host_signal
.size writ_fence_signal_in_slot, . - writ_fence_signal_in_slot

// Opens all keys to the calling thread of the host.
.globl writ_fence_open_keys
.type writ_fence_open_keys, @function
writ_fence_open_keys:
        endbr64
        xor eax, eax
        xor ecx, ecx
        xor edx, edx
.globl writ_fence_wrpkru_2
writ_fence_wrpkru_2:
        wrpkru
        test eax, eax
        jne 9b
        mov rax, [rip + writ_fence_record@gottpoff]
        mov r11, fs:[rax]
        test r11, r11
        jz 5f
        mov r10, [r11 + TR_CONTROL]
        test r10, r10
        jz 5f
        cmp dword ptr [r10 + CB_RUNNING], 0
        jne 9b
5:      ret
.size writ_fence_open_keys, . - writ_fence_open_keys

.section .note.GNU-stack,"",@progbits
