#include "attack_table.h"

#include <cpuid.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

#include "writ/fence/native_state.h"
#include "writ/memory/layout.h"

namespace writ::escape {
namespace {

using fence::Ending;
using enum fence::Ending;

std::uint64_t address(const void* p) { return reinterpret_cast<std::uint64_t>(p); }
template <class F>
std::uint64_t function(F* f) {
  return reinterpret_cast<std::uint64_t>(f);
}

// QEMU's software emulation, which lets these tests run with keys on a machine without: it does not deliver pending x87
// exceptions, and it executes IRET (hidden in an immediate of the gate) with the kernel's rights. CPUs do neither.
bool software_emulation() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  __cpuid(0x40000000, a, b, c, d);
  return b == 0x54474354 && c == 0x43544743;  // TCGTCGTCGTCG
}

// What holds whatever the machine: system calls, stack, gate protocol, time.
void common(std::vector<Case>& v, const Targets& t, Ending readonly) {
  const auto add = [&](std::string name, Attack what, std::uint64_t at, std::vector<Ending> expected,
                       int detail = -1) {
    v.push_back({std::move(name), what, at, std::move(expected), detail});
  };
  add("nothing", attack_nothing, 0, {returned});
  add("registers at the start", attack_leak_registers, 0, {returned});
  add("read unmapped", attack_read, 16, {memory_fault, key_violation});
  add("read kernel address", attack_read, 0xffffffff80000000, {memory_fault, illegal_instruction});
  add("read non-canonical", attack_read, 0x8000000000000000, {illegal_instruction});
  add("read own guard", attack_read, t.arena + (3ull << 30), {memory_fault});
  add("read behind the arena's memory", attack_read, t.arena + ARENA_SIZE - 1, {memory_fault});
  add("own sealed data", attack_own_data, 0, {readonly});
  add("own constants", attack_own_constants, 0, {readonly});
  add("own text, write", attack_own_text_write, 0, {readonly});
  add("execute the stack", attack_execute_stack, 0, {memory_fault});
  add("header", attack_header_write, 0, {readonly});
  for (const int number : {SYS_getpid,          SYS_rt_sigreturn,
                           SYS_rt_sigaction,    SYS_sigaltstack,
                           SYS_mprotect,        SYS_mremap,
                           SYS_madvise,         SYS_munmap,
                           SYS_ptrace,          SYS_fork,
                           SYS_clone,           SYS_clone3,
                           SYS_execve,          SYS_prctl,
                           SYS_arch_prctl,      SYS_memfd_create,
                           SYS_pkey_alloc,      SYS_pkey_free,
                           SYS_seccomp,         SYS_userfaultfd,
                           SYS_io_uring_setup,  SYS_rseq,
                           SYS_set_robust_list, SYS_exit_group,
                           SYS_set_tid_address, SYS_process_vm_writev,
                           SYS_modify_ldt,      SYS_personality,
                           SYS_perf_event_open, SYS_kill,
                           SYS_vmsplice,        SYS_write,
                           SYS_writev,          SYS_io_uring_enter,
                           SYS_io_uring_register, SYS_shmat,
                           SYS_remap_file_pages, SYS_process_madvise,
                           SYS_pidfd_getfd,     SYS_openat,
                           SYS_vfork,           SYS_setitimer,
                           SYS_timer_create,    SYS_prlimit64,
                           SYS_membarrier,      SYS_set_mempolicy})
    add(fmt::format("system call {}", number), attack_system_call, static_cast<std::uint64_t>(number),
        {forbidden_call}, number);
  add("x32 system call", attack_system_call, 0x40000000 + SYS_getpid, {forbidden_call});
  add("process_vm_readv", attack_read_memory_of_process, t.secret, {forbidden_call}, SYS_process_vm_readv);
  add("/proc/self/mem", attack_open_memory_file, 0, {forbidden_call}, SYS_open);
  add("pkey_mprotect", attack_untag, t.secret, {forbidden_call}, SYS_pkey_mprotect);
  add("mmap over the host", attack_map_over, t.secret, {forbidden_call}, SYS_mmap);
  add("forged sigreturn", attack_sigreturn, 0, {forbidden_call}, SYS_rt_sigreturn);
  add("int 0x80", attack_int80, 0, {forbidden_call});
  add("sysenter", attack_sysenter, 0,
      {forbidden_call, illegal_instruction, memory_fault});  // AMD has none in 64-bit mode
  add("jump to libc's getppid", attack_jump, function(&getppid), {forbidden_call}, SYS_getppid);
  add("stack pointer zero", attack_stack_zero, 0, {memory_fault, illegal_instruction});
  add("endless recursion", attack_recurse, 0, {memory_fault});
  for (const std::uint64_t offset : {128u, 700u, 2000u, 4096u, 32768u, 65536u}) {
    add(fmt::format("stack in the signal stack + {}, system call", offset), attack_stack_there_then_syscall,
        t.signal_stack + offset, {forbidden_call}, SYS_getpid);
    add(fmt::format("stack in the signal stack + {}, fault", offset), attack_stack_there_then_fault,
        t.signal_stack + offset, {illegal_instruction});
  }
  add("trap flag", attack_trap_flag, 0, {illegal_instruction});
  add("alignment and direction flags", attack_flags, 0, {returned});
  add("x87 full, mxcsr unmasked", attack_fpu_full, 0, {returned});
  if (!software_emulation()) {
    add("x87 exception pending at a call", attack_fpu_pending, 0, {arithmetic});
    add("x87 exception pending at the return", attack_fpu_pending_return, 0, {arithmetic});
  }
  add("deputy: the host's heap", attack_deputy, t.secret & ~7ull, {bad_host_call});
  add("deputy: own state, not stack", attack_deputy, t.arena + ARENA_STATE, {bad_host_call});
  add("deputy: below the stack", attack_deputy, t.arena + ARENA_STACK_TOP - ARENA_STACK - 8, {bad_host_call});
  add("deputy: unaligned", attack_deputy, t.arena + ARENA_STACK_TOP - 4097, {bad_host_call});
  add("deputy: null", attack_deputy, 0, {bad_host_call});
  add("deputy: all ones", attack_deputy, ~7ull, {bad_host_call});
  add("arguments end with the stack", attack_call_at_stack_end, 0, {returned});
  add("host call that does not exist", attack_call_index, 1ull << 40, {bad_host_call});
  v.push_back({"loop", attack_loop, 0, {timed_out}, -1, Nanoseconds(2'000'000)});
  v.push_back({"loop of host calls", attack_loop_calls, 0, {timed_out}, -1, Nanoseconds(2'000'000)});
  add("hlt", attack_halt, 0, {illegal_instruction});
  add("int3", attack_breakpoint, 0, {illegal_instruction});
  add("port", attack_port, 0, {illegal_instruction});
  add("ud2", attack_undefined, 0, {illegal_instruction});
  add("division by zero", attack_divide, 0, {arithmetic});
  add("leak in xmm2", attack_leak_low_vectors, 0, {returned});
  add("leak in xmm2 after a call", attack_leak_after_call, 0, {returned});
  if (t.avx512) {
    add("leak in zmm20", attack_leak_high_vectors, 0, {returned});
    add("leak in k3", attack_leak_mask, 0, {returned});
  }
}

// What only keys stop: the host's memory, other arenas, and the ways of opening the keys.
void with_keys(std::vector<Case>& v, const Targets& t) {
  const auto add = [&](std::string name, Attack what, std::uint64_t at, std::vector<Ending> expected) {
    v.push_back({std::move(name), what, at, std::move(expected)});
  };
  const auto both = [&](const std::string& name, std::uint64_t at) {
    add("read " + name, attack_read, at, {key_violation});
    add("write " + name, attack_write, at, {key_violation});
  };
  both("the host's heap", t.secret);
  both("the neighbour's arena", t.neighbour);
  both("the control block", t.control);
  both("the thread record", t.record);
  both("the signal stack", t.signal_stack + 60000);
  both("the host's stack", address(__builtin_frame_address(0)));
  both("libc's data", address(stdout));
  add("read the selector", attack_read, t.selector, {returned});
  add("write the selector", attack_write, t.selector, {key_violation});
  add("read the gate", attack_gate_read, 0, {key_violation});
  add("write the gate", attack_write, t.gate, {key_violation});
  add("read own text", attack_own_text_read, 0, {key_violation});
  add("fs:0x28", attack_fs_read, 0, {key_violation});
  add("deputy: the neighbour's arena", attack_deputy, t.neighbour, {bad_host_call});
  add("deputy: the control block", attack_deputy, t.control & ~7ull, {bad_host_call});

  // Every WRPKRU of the gate, with values of the guest's. Writes 0 and 3 close, 1, 2 and 4 open. A jump to one that opens,
  // with the value that it is for, is a normal way out and no more: return, host call with arguments that are none, end.
  for (std::size_t i = 0; i < t.gate_writes.size(); ++i) {
    const auto name = fmt::format("jump to WRPKRU {} of the gate", i);
    add(name + ", key 0 open", attack_jump_open, t.gate_writes[i], {illegal_instruction});
    add(name + ", all closed", attack_jump_all_set, t.gate_writes[i], {illegal_instruction});
    const std::vector<Ending> out[] = {
        {illegal_instruction}, {returned}, {bad_host_call}, {illegal_instruction}, {illegal_instruction}};
    add(name + ", all open", attack_jump_forged, t.gate_writes[i], out[i]);
  }
  for (const auto* site : {writ_fence_wrpkru_1, writ_fence_wrpkru_2, writ_fence_wrpkru_3}) {
    add("jump to WRPKRU of the host, all open", attack_jump_forged, address(site), {illegal_instruction});
    add("jump to WRPKRU of the host, key 0 open", attack_jump_open, address(site), {illegal_instruction});
    add("jump behind WRPKRU of the host", attack_jump_forged, address(site) + 3,
        {illegal_instruction, key_violation});
  }
  add("jump to the signal entry", attack_jump_forged, function(&writ_fence_signal), {key_violation});
  add("jump to the signal entry of slots", attack_jump_forged, function(&writ_fence_signal_in_slot), {illegal_instruction});
  add("jump to the signal entry of slots, all closed before", attack_jump, function(&writ_fence_signal_in_slot), {illegal_instruction});
  // It may tell how it ended, not that it did not.
  add("jump to the signal entry of slots with a frame of its own", attack_jump_frame, function(&writ_fence_signal_in_slot), {memory_fault});
  add("jump to open_keys", attack_jump_forged, function(&writ_fence_open_keys), {illegal_instruction});
  add("jump to the gate's enter", attack_jump_forged, t.gate, {key_violation});
  add("jump to the gate's abandon", attack_jump, t.gate_abandon, {illegal_instruction});
  for (std::uint64_t offset = 1; t.gate + offset < t.gate_abandon + 0x60; ++offset) {
    if (software_emulation() && *reinterpret_cast<const std::uint8_t*>(t.gate + offset) == 0xcf) continue;
    v.push_back({fmt::format("jump into the gate + {:#x}", offset),
                 attack_jump_forged,
                 t.gate + offset,
                 {illegal_instruction, key_violation, memory_fault, bad_host_call, returned, arithmetic,
                  forbidden_call, timed_out},
                 -1,
                 Nanoseconds(5'000'000)});
  }
  add("jump to the neighbour's gate", attack_jump_forged, t.neighbour_gate_call, {illegal_instruction});
  add("jump to the neighbour's enter", attack_jump_forged, t.neighbour_gate, {key_violation});
  if (const void* set = dlsym(RTLD_DEFAULT, "pkey_set")) {
    add("jump to libc's pkey_set", attack_jump, address(set), {illegal_instruction, key_violation});
    for (std::uint64_t i = 0; i < 64; ++i)
      if (std::string_view(static_cast<const char*>(set) + i, 2) == "\x0f\x0b")
        add("jump to where libc's WRPKRU was", attack_jump_forged, address(set) + i, {illegal_instruction});
  }
  if (t.restore_thunk) add("jump to the checked XRSTOR", attack_jump_restore, t.restore_thunk, {illegal_instruction});
}

}  // namespace

std::vector<Case> cases(fence::Strength strength, const Targets& t) {
  std::vector<Case> v;
  common(v, t, strength == fence::Strength::key ? key_violation : memory_fault);
  if (strength == fence::Strength::key) with_keys(v, t);
  return v;
}

}  // namespace writ::escape
