/* What the hostile image can try. Shared by the image (freestanding C) and the table of expected outcomes. */
#ifndef WRIT_ATTACKS_H
#define WRIT_ATTACKS_H

enum Attack {
  attack_nothing,
  attack_read,            /* a byte at `at` */
  attack_write,
  attack_jump,            /* to `at`, all registers zero but the stack pointer */
  attack_jump_open,       /* to `at` with eax = 0x55555554: only key 0 open */
  attack_jump_all_set,    /* to `at` with eax = ~0, forged pointers in all other registers but ecx and edx */
  attack_jump_forged,     /* to `at` with eax = 0 and the same forged pointers; r9 = read_secret, r8 = own stack */
  attack_jump_frame,      /* to `at`, a signal entry, with a frame made up where the slot's signals would arrive */
  attack_jump_restore,    /* to `at`, an XRSTOR, with eax asking for PKRU and a zero save area at the stack pointer */
  attack_system_call,     /* number `at`, by SYSCALL, arguments zero */
  attack_read_memory_of_process, /* process_vm_readv of `at` */
  attack_open_memory_file,       /* open /proc/self/mem */
  attack_untag,           /* pkey_mprotect of `at` to key 0 */
  attack_map_over,        /* mmap MAP_FIXED over `at` */
  attack_sigreturn,       /* a forged frame */
  attack_int80,
  attack_sysenter,
  attack_own_data,        /* write to the image's own sealed data */
  attack_own_constants,
  attack_own_text_read,
  attack_own_text_write,
  attack_execute_stack,
  attack_header_write,
  attack_gate_read,
  attack_stack_there_then_syscall, /* stack pointer := `at` */
  attack_stack_there_then_fault,
  attack_stack_zero,
  attack_recurse,
  attack_trap_flag,
  attack_flags,           /* alignment check and direction, through a host call and back */
  attack_fpu_full,        /* eight values on the x87 stack, all exceptions unmasked in mxcsr */
  attack_fpu_pending,     /* an unmasked x87 exception is pending when the gate is called */
  attack_fpu_pending_return, /* ... when the guest returns */
  attack_fs_read,
  attack_deputy,          /* a host call whose arguments lie at `at` */
  attack_call_index,      /* host call number `at` */
  attack_call_at_stack_end, /* arguments in the last word of the stack */
  attack_loop,
  attack_loop_calls,
  attack_halt,
  attack_breakpoint,
  attack_port,
  attack_undefined,
  attack_divide,
  attack_leak_low_vectors,  /* HLT if the host left its marker in xmm2 */
  attack_leak_high_vectors, /* in xmm20 */
  attack_leak_after_call,   /* in xmm2 after a host call */
  attack_leak_mask,         /* in k3 */
  attack_leak_registers,    /* HLT if any general register held something at the start or after a call */
  attack_load_fs,           /* a selector whose base is 0, then the gate at `at` (another slot's, idle) */
  attack_count
};

#define ATTACK_MARKER 0x5ec7e75ec7e7ull

#endif
