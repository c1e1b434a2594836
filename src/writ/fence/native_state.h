// The two structures that the native fence's assembly and C++ share. Both lie in the host's memory, which guests cannot
// reach. A ControlBlock belongs to a slot, a ThreadRecord to a guest thread; while a guest runs they point to each other.
#pragma once

#include <signal.h>
#include <ucontext.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "writ/fence/fence.h"
#include "writ/fence/native_control.h"

namespace writ::fence {

enum class StopReason : std::uint32_t { none, timed_out, cancelled };

struct ControlBlock {
  void* host_stack = nullptr;
  std::uint64_t guest_stack = 0;
  std::uint64_t function = 0, argument0 = 0, argument1 = 0;
  std::uint8_t* selector = nullptr;
  // Not 0: that is what a guest gets that loads a selector into FS.
  static constexpr std::uint64_t nobody = ~std::uint64_t{0};
  std::uint64_t fs_base = nobody;
  void* dispatch = nullptr;
  std::uint64_t abandon = 0;
  volatile std::uint32_t running = 0;
  std::atomic<StopReason> stop{StopReason::none};
  volatile std::uint32_t signal = 0;
  std::int32_t code = 0;
  std::uint32_t call = 0;
  std::uint64_t address = 0;
  std::uint64_t instruction = 0;

  // For the dispatch function only.
  HostCalls* calls = nullptr;
  std::uint64_t stack_bottom = 0, stack_top = 0;  // addresses
  HostReply::Then ended_by = HostReply::Then::resume;
  std::uint64_t bad_pointer = 0;
};

struct ThreadRecord {
  ControlBlock* control = nullptr;
  std::byte* stack = nullptr;
  std::uint64_t stack_size = 0;
  std::uint32_t keys = 0;
};

static_assert(sizeof(std::atomic<StopReason>) == 4 && std::atomic<StopReason>::is_always_lock_free);
static_assert(offsetof(ControlBlock, host_stack) == CB_HOST_STACK &&
              offsetof(ControlBlock, guest_stack) == CB_GUEST_STACK);
static_assert(offsetof(ControlBlock, function) == CB_FUNCTION && offsetof(ControlBlock, argument0) == CB_ARGUMENT0);
static_assert(offsetof(ControlBlock, argument1) == CB_ARGUMENT1 && offsetof(ControlBlock, selector) == CB_SELECTOR);
static_assert(offsetof(ControlBlock, fs_base) == CB_FS_BASE && offsetof(ControlBlock, dispatch) == CB_DISPATCH);
static_assert(offsetof(ControlBlock, abandon) == CB_ABANDON && offsetof(ControlBlock, running) == CB_RUNNING);
static_assert(offsetof(ControlBlock, stop) == CB_STOP && offsetof(ControlBlock, signal) == CB_SIGNAL);
static_assert(offsetof(ControlBlock, code) == CB_CODE && offsetof(ControlBlock, call) == CB_CALL);
static_assert(offsetof(ControlBlock, address) == CB_ADDRESS && offsetof(ControlBlock, instruction) == CB_INSTRUCTION);
static_assert(offsetof(ThreadRecord, control) == TR_CONTROL && offsetof(ThreadRecord, stack) == TR_STACK);
static_assert(offsetof(ThreadRecord, stack_size) == TR_STACK_SIZE && offsetof(ThreadRecord, keys) == TR_KEYS);
// What native_signal.S reads of the kernel's structures.
static_assert(offsetof(siginfo_t, si_signo) == 0 && offsetof(siginfo_t, si_code) == 8 &&
              offsetof(siginfo_t, si_addr) == 16);
static_assert(offsetof(siginfo_t, si_syscall) == 24);
static_assert(offsetof(ucontext_t, uc_mcontext) + 16 * sizeof(greg_t) == 168);

}  // namespace writ::fence

extern "C" {
// The guest thread that this thread is, or null. Thread-local and global because the signal entry has nothing else.
extern __thread writ::fence::ThreadRecord* writ_fence_record __attribute__((tls_model("initial-exec")));
void writ_fence_signal(int, siginfo_t*, void*);
void writ_fence_signal_in_slot(int, siginfo_t*, void*);
void writ_fence_open_keys();
// The places in our own text that write PKRU; all check. (The gates' copies are the others.)
extern const unsigned char writ_fence_wrpkru_1[], writ_fence_wrpkru_2[], writ_fence_wrpkru_3[];
}
