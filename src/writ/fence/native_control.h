// What the gate's assembly, the signal entry and the C++ of the native fence share: offsets of two structures that lie in
// the host's memory (key 0), checked by static_asserts in native_state.h. Plain preprocessor, for .S files too.
#pragma once

// Control block of a slot. Its address is an immediate in the slot's own gate.
#define CB_HOST_STACK 0
#define CB_GUEST_STACK 8
#define CB_FUNCTION 16
#define CB_ARGUMENT0 24
#define CB_ARGUMENT1 32
#define CB_SELECTOR 40 /* the thread's system call selector: 1 = block */
#define CB_FS_BASE 48  /* of the thread that is inside; all ones: nobody is */
#define CB_DISPATCH 56
#define CB_ABANDON 64 /* the gate's way out for the signal entry */
#define CB_RUNNING 72 /* 32 bit: guest code may be running; covers the time in which the selector blocks */
#define CB_STOP 76    /* 32 bit: somebody wants the guest to end (StopReason) */
#define CB_SIGNAL 80  /* 32 bit, written last: the signal that stopped the guest */
#define CB_CODE 84    /* 32 bit: si_code */
#define CB_CALL 88    /* 32 bit: si_syscall */
#define CB_ADDRESS 96 /* si_addr */
#define CB_INSTRUCTION 104

// Record of a guest thread; writ_fence_record (thread-local) points to it.
#define TR_CONTROL 0     /* control block of the slot that this thread is in, or null */
#define TR_STACK 8       /* alternate signal stack */
#define TR_STACK_SIZE 16 /* less what siginfo and ucontext need, so that what lies in it lies in it whole */
#define TR_KEYS 24       /* 32 bit: this machine has protection keys in use */
