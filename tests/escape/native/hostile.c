/* An image that no translator would emit: native code that tries to get out. Freestanding; entered with what to try and an
   address. Whatever gets further than it should executes `escaped`, a system call number that no test expects. */
#include "attacks.h"
#include "writ/memory/layout.h"

#define HIDDEN __attribute__((visibility("hidden")))
typedef ArenaWord Word;

HIDDEN volatile Word image_data = 1;
HIDDEN const volatile Word image_constant = 2;

/* The compiler calls it for zeroed arrays. */
HIDDEN void* memset(void* at, int value, unsigned long size) {
  void* const begin = at;
  __asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(value) : "memory");
  return begin;
}

static inline Word arena(void) { return (Word)__builtin_frame_address(0) & ~(ARENA_SIZE - 1); }
static inline const struct ArenaHeader* header(void) { return (const struct ArenaHeader*)arena(); }
static Word call(Word index) {
  Word arguments[CALL_ARGUMENTS_MAX] = {0};
  return header()->call(index, arguments);
}
static __attribute__((noreturn)) void escaped(void) {
  __asm__ volatile("mov $0xdead, %%eax; syscall; hlt" : : : "memory");
  __builtin_unreachable();
}
static Word system_call(Word number, Word a, Word b, Word c, Word d, Word e, Word f) {
  register Word r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
  Word result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  escaped();
  return result;
}

/* Where a gate without a check would arrive, with every key open: takes the secret whose address is in rdi. */
HIDDEN __attribute__((naked)) void read_secret(void) {
  __asm__ volatile("movzbl (%rdi), %eax; mov $0xdead, %eax; syscall; hlt");
}

static __attribute__((noinline)) Word recurse(volatile Word* up) {
  volatile Word frame[64];
  frame[0] = *up + 1;
  return recurse(frame) + frame[0];
}

static void jumps(enum Attack what, Word at, Word secret) {
  const Word top = arena() + ARENA_STACK_TOP;
  if (what == attack_jump)
    __asm__ volatile("xor %%eax,%%eax; xor %%ecx,%%ecx; xor %%edx,%%edx; xor %%esi,%%esi; xor %%r8d,%%r8d; xor %%r9d,%%r9d; jmp *%0"
                     : : "D"(at) : "memory");
  if (what == attack_jump_open)
    __asm__ volatile("mov $0x55555554,%%eax; xor %%ecx,%%ecx; xor %%edx,%%edx; jmp *%0" : : "D"(at) : "memory");
  if (what == attack_jump_all_set || what == attack_jump_forged) {
    const Word eax = what == attack_jump_forged ? 0 : 0xffffffff;
    /* rdi: the secret; everything else of use points to own memory or to own code. */
    __asm__ volatile(
        "mov %0, %%r12; mov %3, %%r8; lea read_secret(%%rip), %%r9; mov %%r8, %%rsi; mov %%r8, %%r10; mov %%r8, %%r11; mov %%r8, %%rbx;"
        "mov %%r8, %%rbp; mov %%r8, %%r13; mov %%r8, %%r14; mov %%r8, %%r15; xor %%ecx,%%ecx; xor %%edx,%%edx; jmp *%%r12"
        : : "c"(at), "a"(eax), "D"(secret), "d"(top - 4096) : "memory");
  }
  if (what == attack_jump_frame) {
    char* frame = (char*)(top & ~((1ull << 34) - 1)) + 16 * 4096 + 1024; /* SignalStack::slot; else there is nothing to write to */
    for (int i = 0; i < 128; ++i) ((volatile Word*)frame)[i] = 0;
    *(volatile int*)frame = 11;
    *(volatile int*)(frame + 8) = 1; /* SEGV_MAPERR at 0 */
    __asm__ volatile("xor %%eax,%%eax; mov %0,%%rdx; jmp *%1" : : "S"(frame), "D"(at) : "memory", "rax", "rdx");
  }
  if (what == attack_jump_restore)
    __asm__ volatile("mov %0,%%rsp; mov $0x200,%%eax; xor %%edx,%%edx; jmp *%1" : : "r"((top - 16384) - 0x48), "D"(at) : "memory");
  escaped();
}

static void system_calls(enum Attack what, Word at) {
  Word words[8] = {0};
  switch (what) {
    case attack_system_call: system_call(at, 0, 0, 0, 0, 0, 0); break;
    case attack_read_memory_of_process: {
      Word here[2] = {(Word)words, 8}, there[2] = {at, 8};
      system_call(310, 1, (Word)here, 1, (Word)there, 1, 0);
      break;
    }
    case attack_open_memory_file: {
      volatile char path[] = {'/', 'p', 'r', 'o', 'c', '/', 's', 'e', 'l', 'f', '/', 'm', 'e', 'm', 0};
      system_call(2, (Word)path, 2, 0, 0, 0, 0);
      break;
    }
    case attack_untag: system_call(329, at & ~4095ull, 4096, 3, 0, 0, 0); break;
    case attack_map_over: system_call(9, at & ~4095ull, 4096, 7, 0x32, ~0ull, 0); break;
    case attack_sigreturn: {
      Word frame[256] = {0}; /* a ucontext with no FPU state: PKRU would become its initial value */
      frame[0] = 0;
      __asm__ volatile("mov %0,%%rsp; mov $15,%%eax; syscall" : : "r"(frame) : "memory");
      escaped();
    }
    case attack_int80: __asm__ volatile("int $0x80" : : "a"(20) : "memory"); escaped();
    case attack_sysenter: __asm__ volatile("mov %%rsp,%%rbp; sysenter" : : "a"(20) : "memory"); escaped();
    default: escaped();
  }
}

static void own_image(enum Attack what) {
  switch (what) {
    case attack_own_data: image_data = 3; break;
    case attack_own_constants: *(volatile Word*)&image_constant = 3; break;
    case attack_own_text_read: (void)*(volatile Word*)(void*)read_secret; break;
    case attack_own_text_write: *(volatile char*)(void*)read_secret = (char)0xc3; break;
    case attack_execute_stack: {
      volatile char code[16] = {(char)0xc3};
      ((void (*)(void))(void*)code)();
      break;
    }
    case attack_header_write: *(volatile Word*)arena() = 0; break;
    case attack_gate_read: (void)*(volatile Word*)(void*)header()->call; break;
    default: break;
  }
  escaped();
}

static void stacks(enum Attack what, Word at) {
  switch (what) {
    case attack_stack_there_then_syscall: __asm__ volatile("mov %0,%%rsp; syscall" : : "r"(at), "a"(39) : "memory"); break;
    case attack_stack_there_then_fault: __asm__ volatile("mov %0,%%rsp; ud2" : : "r"(at) : "memory"); break;
    case attack_stack_zero: __asm__ volatile("xor %%esp,%%esp; push %%rax" : : : "memory"); break;
    case attack_recurse: {
      volatile Word zero = 0;
      recurse(&zero);
      break;
    }
    default: break;
  }
  escaped();
}

/* These go through the gate and come back, or end on the way. */
static void states(enum Attack what) {
  switch (what) {
    case attack_trap_flag:
      __asm__ volatile("pushfq; orq $0x100,(%%rsp); popfq" : : : "memory", "cc");
      call(CALL_FIRST_IMPORT);
      escaped();
    case attack_flags:
      __asm__ volatile("pushfq; orq $0x40400,(%%rsp); popfq" : : : "memory", "cc");
      call(CALL_FIRST_IMPORT);
      __asm__ volatile("pushfq; orq $0x40400,(%%rsp); popfq" : : : "memory", "cc");
      return;
    case attack_fpu_full: {
      const unsigned unmasked = 0;
      __asm__ volatile("ldmxcsr %0; fninit; fld1; fld1; fld1; fld1; fld1; fld1; fld1; fld1" : : "m"(unmasked));
      call(CALL_FIRST_IMPORT);
      __asm__ volatile("ldmxcsr %0; fninit; fld1; fld1; fld1; fld1; fld1; fld1; fld1; fld1" : : "m"(unmasked));
      return;
    }
    case attack_fpu_pending: {
      const unsigned short divide_unmasked = 0x037b;
      __asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp" : : "m"(divide_unmasked));
      call(CALL_FIRST_IMPORT);
      escaped();
    }
    case attack_fpu_pending_return: {
      const unsigned short divide_unmasked = 0x037b;
      __asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp" : : "m"(divide_unmasked));
      return;
    }
    default: escaped();
  }
}

static void instructions(enum Attack what) {
  switch (what) {
    case attack_fs_read: __asm__ volatile("mov %%fs:0x28,%%rax" : : : "rax"); break;
    case attack_halt: __asm__ volatile("hlt"); break;
    case attack_breakpoint: __asm__ volatile("int3"); break;
    case attack_port: __asm__ volatile("out %%al,$0x80" : : "a"(0)); break;
    case attack_undefined: __asm__ volatile("ud2"); break;
    case attack_divide: __asm__ volatile("xor %%ecx,%%ecx; xor %%edx,%%edx; div %%ecx" : : "a"(1) : "ecx", "edx"); break;
    default: break;
  }
  escaped();
}

static void leaks(enum Attack what) {
  Word seen = 0;
  if (what == attack_leak_low_vectors) __asm__ volatile("movq %%xmm2,%0" : "=r"(seen));
  if (what == attack_leak_high_vectors) __asm__ volatile("vmovq %%xmm20,%0" : "=r"(seen));
  if (what == attack_leak_mask) __asm__ volatile("kmovw %%k3,%k0" : "=r"(seen));
  if (what == attack_leak_after_call) {
    call(CALL_FIRST_IMPORT);
    __asm__ volatile("movq %%xmm2,%0" : "=r"(seen));
  }
  if (what == attack_leak_mask ? seen != 0 : seen == ATTACK_MARKER) __asm__ volatile("hlt");
}

static void calls(enum Attack what, Word at) {
  switch (what) {
    case attack_deputy: header()->call(CALL_FIRST_IMPORT, (const Word*)at); escaped();
    case attack_call_index: call(at); escaped();
    case attack_call_at_stack_end: header()->call(CALL_FIRST_IMPORT, (const Word*)(arena() + ARENA_STACK_TOP - 8)); return;
    case attack_loop: for (;;) __asm__ volatile("");
    case attack_loop_calls: for (;;) call(CALL_FIRST_IMPORT);
    default: escaped();
  }
}

HIDDEN void choose(Word what, Word at, Word leaked) {
  /* Low 16 bits: what to try; the others: the address of something of the host. */
  const enum Attack attack = (enum Attack)(what & 0xffff);
  const Word secret = what >> 16;
  if (attack == attack_nothing) return;
  if (attack == attack_leak_registers) {
    if (leaked) __asm__ volatile("hlt");
    return;
  }
  if (attack == attack_load_fs) {
    __asm__ volatile("mov $0x2b, %%eax; mov %%eax, %%fs" : : : "eax");
    ((Word(*)(Word, const Word*))at)(CALL_FIRST_IMPORT, (const Word*)secret);
    escaped();
  }
  if (attack == attack_read) { (void)*(volatile char*)at; return; }
  if (attack == attack_write) { *(volatile char*)at = 1; return; }
  if (attack <= attack_jump_restore) jumps(attack, at, secret);
  if (attack <= attack_sysenter) system_calls(attack, at);
  if (attack <= attack_gate_read) own_image(attack);
  if (attack <= attack_recurse) stacks(attack, at);
  if (attack <= attack_fpu_pending_return) { states(attack); return; }
  if (attack >= attack_leak_low_vectors) { leaks(attack); return; }
  if (attack == attack_fs_read || attack >= attack_halt) instructions(attack);
  calls(attack, at);
}

/* The entry. All general registers but the arguments, the function's own address and the stack must be zero. */
HIDDEN __attribute__((naked)) void hostile(Word what, Word at, Word unused) {
  __asm__ volatile(
      "or %rax,%rdx; or %rbx,%rdx; or %rcx,%rdx; or %rbp,%rdx; or %r8,%rdx; or %r10,%rdx; or %r11,%rdx; or %r12,%rdx;"
      "or %r13,%rdx; or %r14,%rdx; or %r15,%rdx; jmp choose");
}
