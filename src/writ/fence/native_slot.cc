#include "writ/fence/native_slot.h"

#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "writ/base/assert.h"
#include "writ/fence/native_signals.h"
#include "writ/fence/native_thread.h"

namespace writ::fence {
namespace {

constexpr std::uint64_t whole = slot_size.value();
constexpr std::uint64_t page = page_size.value();
// Of SignalStack::slot: behind the header, far below whatever a guest may have (memory/layout.h), with nothing around it.
constexpr std::uint64_t signal_stack_at = 16 * page;

int tag(void* at, std::size_t size, int prot, int key) {
  return key < 0 ? mprotect(at, size, prot) : static_cast<int>(syscall(SYS_pkey_mprotect, at, size, prot, key));
}

std::uint64_t fs_base() {
  std::uint64_t v;
  asm volatile("rdfsbase %0" : "=r"(v));
  return v;
}

struct Answer {
  std::uint64_t value;
  std::uint64_t leave;
};

// Called by the gate. The pointer is the guest's: it must point into the guest's own stack, or it would have us read for it.
extern "C" Answer writ_fence_dispatch(std::uint64_t index, const std::uint64_t* arguments,
                                      ControlBlock* control) noexcept {
  const auto at = reinterpret_cast<std::uint64_t>(arguments);
  if (at < control->stack_bottom || at > control->stack_top - 8 || at % 8) {
    control->ended_by = HostReply::Then::refuse;
    control->bad_pointer = at;
    return {0, 1};
  }
  std::uint64_t copy[HostCalls::argument_words];
  const auto there = std::min<std::uint64_t>(HostCalls::argument_words, (control->stack_top - at) / 8);
  for (std::uint64_t i = 0; i < there; ++i) copy[i] = arguments[i];
  const HostReply reply = control->calls->call(index, std::span<const std::uint64_t>(copy, there));
  control->ended_by = reply.then;
  control->bad_pointer = at;
  return {reply.value, reply.then != HostReply::Then::resume};
}

}  // namespace

NativeSlot::NativeSlot(SlotKeys keys, ControlBlock& control, std::byte* gate, const GateMap& map, SignalStack stack)
    : keys_(keys), control_(&control), gate_(gate), map_(map), signal_stack_(stack) {
  control_->dispatch = reinterpret_cast<void*>(writ_fence_dispatch);
}

NativeSlot::~NativeSlot() {
  if (base_) munmap(base_, whole);
}

Result<void> NativeSlot::reserve() {
  void* p = mmap(nullptr, 2 * whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) return system_error(errno, "cannot reserve 32 GiB of address space for a slot", "fence");
  auto* raw = static_cast<std::byte*>(p);
  const auto skip = (whole - reinterpret_cast<std::uint64_t>(raw) % whole) % whole;
  if (skip) munmap(raw, skip);
  munmap(raw + skip + whole, whole - skip);
  base_ = raw + skip;
  return {};
}

Result<void> NativeSlot::prepare() {
  if (state_ == State::unmapped) WRIT_CHECK(reserve());
  if (state_ != State::empty) WRIT_CHECK(rebuild());
  cancelled_ = false;
  control_->stop = StopReason::none;
  interrupt_ = std::make_shared<NativeInterrupt>(*this);
  return {};
}

void NativeSlot::release() {
  if (interrupt_) interrupt_->detach();
  interrupt_.reset();
  // A signal stack in the slot was the guest's to write: then all of it goes.
  if (state_ == State::used && signal_stack_ == SignalStack::host && pages_.wipe()) state_ = State::empty;
  if (state_ != State::empty) (void)rebuild();  // gives the memory back early; tried again, and judged, in prepare()
}

Result<void> NativeSlot::rebuild() {
  state_ = State::poisoned;
  if (mmap(base_, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
    return system_error(errno, "cannot empty a slot", "fence");
  if (tag(base_ + page, whole - page, PROT_NONE, keys_.own) || tag(base_, page, PROT_READ | PROT_WRITE, keys_.shared))
    return system_error(errno, "cannot give a slot its key", "fence");
  *reinterpret_cast<std::uint64_t*>(base_) = reinterpret_cast<std::uint64_t>(gate_ + map_.call);
  if (mprotect(base_, page, PROT_READ)) return system_error(errno, "cannot protect a slot's header", "fence");
  pages_.start(base_);
  if (signal_stack_ == SignalStack::slot && mprotect(base_ + signal_stack_at, signal_stack_size(), PROT_READ | PROT_WRITE))
    return system_error(errno, "cannot make a signal stack", "fence");
  state_ = State::empty;
  return {};
}

Result<void> NativeSlot::check_range(std::uint64_t offset, ByteCount size) const {
  if (offset % page || size.value() % page || offset < page || offset > whole || size.value() > whole - offset)
    return invalid("range is not made of whole pages of the slot behind its header", "fence");
  return {};
}

Result<void> NativeSlot::protect(std::uint64_t offset, ByteCount size, Access access) {
  WRIT_CHECK(check_range(offset, size));
  if (poisoned()) return Error{writ::Code::poisoned, "the slot has to be rebuilt", "fence", {}};
  state_ = State::used;
  return pages_.protect(offset, size.value(), access);
}

Result<void> NativeSlot::discard(std::uint64_t offset, ByteCount size) {
  WRIT_CHECK(check_range(offset, size));
  if (size.value() && madvise(base_ + offset, size.value(), MADV_DONTNEED))
    return system_error(errno, "cannot discard pages", "fence slot");
  return {};
}

Result<Exit> NativeSlot::enter(GuestThread& guest_thread, const Entry& entry, HostCalls& calls) {
  auto& thread = static_cast<NativeThread&>(guest_thread);
  ControlBlock& c = *control_;
  WRIT_ASSERT(writ_fence_record == &thread.record());
  if (thread.record().control) return invalid("a guest thread cannot enter a second slot from a host call", "fence");
  if (poisoned()) return Error{writ::Code::poisoned, "the slot has to be rebuilt", "fence", {}};
  WRIT_CHECK(check_range(entry.stack_top - entry.stack.value(), entry.stack));
  if (entry.stack < page_size) return invalid("a guest needs a stack of at least a page", "fence");
  WRIT_CHECK(pages_.close_kept());

  c.stack_top = reinterpret_cast<std::uint64_t>(base_) + entry.stack_top;
  c.stack_bottom = c.stack_top - entry.stack.value();
  c.guest_stack = c.stack_top - 128;
  c.function = entry.function;
  c.argument0 = entry.argument0;
  c.argument1 = entry.argument1;
  c.selector = thread.selector();
  c.calls = &calls;
  c.ended_by = HostReply::Then::resume;
  c.signal = 0;
  inside_.store(thread.id(), std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  c.stop.store(StopReason::none, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (cancelled_.load(std::memory_order_relaxed)) c.stop.store(StopReason::cancelled, std::memory_order_relaxed);
  c.fs_base = fs_base();
  if (signal_stack_ == SignalStack::slot) thread.lend_stack(base_ + signal_stack_at);
  thread.record().control = &c;
  if (entry.budget.count() > 0) thread.arm(entry.budget);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  const auto returned = reinterpret_cast<std::uint64_t (*)()>(gate_)();
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (entry.budget.count() > 0) thread.disarm();
  thread.record().control = nullptr;
  c.fs_base = ControlBlock::nobody;
  if (c.signal || signal_stack_ == SignalStack::slot) thread.rearm_stack();
  if (c.signal && signal_stack_ == SignalStack::slot) thread.unmask();
  end_signals();

  state_ = State::used;
  const Exit exit = judge(returned);
  if (exit.ending != Ending::returned && exit.ending != Ending::left) state_ = State::poisoned;
  return exit;
}

Exit NativeSlot::judge(std::uint64_t returned) const {
  const ControlBlock& c = *control_;
  if (returned) return {};
  if (c.signal) return judge_signal();
  Exit e;
  switch (c.ended_by) {
    case HostReply::Then::leave: e.ending = Ending::left; return e;
    case HostReply::Then::refuse:
      e.ending = Ending::bad_host_call;
      e.address = c.bad_pointer;
      return e;
    case HostReply::Then::resume: break;
  }
  switch (c.stop.load()) {
    case StopReason::timed_out: e.ending = Ending::timed_out; return e;
    case StopReason::cancelled: e.ending = Ending::cancelled; return e;
    case StopReason::none: e.ending = Ending::illegal_instruction; return e;  // it jumped to the gate's way out
  }
  std::unreachable();
}

Exit NativeSlot::judge_signal() const {
  const ControlBlock& c = *control_;
  Exit e;
  e.instruction = c.instruction;
  const int signal = static_cast<int>(c.signal);
  if (signal == tick_signal()) {
    e.ending = c.code == SI_TIMER ? Ending::timed_out : Ending::cancelled;
    return e;
  }
  if (signal == SIGSYS) {
    e.ending = Ending::forbidden_call;
    e.detail = static_cast<int>(c.call);
    return e;
  }
  e.detail = c.code;
  if (signal == SIGFPE) {
    e.ending = Ending::arithmetic;
    return e;
  }
  // SI_KERNEL: a privileged instruction or an address that is none; the kernel does not say which.
  if ((signal != SIGSEGV && signal != SIGBUS) || c.code == SI_KERNEL) {
    e.ending = Ending::illegal_instruction;
    return e;
  }
  e.ending = signal == SIGSEGV && c.code == SEGV_PKUERR ? Ending::key_violation : Ending::memory_fault;
  e.address = c.address;
  const auto offset = c.address - reinterpret_cast<std::uint64_t>(base_);
  if (offset < whole) e.offset = offset;
  return e;
}

std::shared_ptr<Interrupt> NativeSlot::interrupt() { return interrupt_; }

// The other half of enter(), which stores `inside_` and `stop` and then reads `cancelled_`; here the other way round, with
// a barrier that the kernel runs on every CPU in between.
void NativeSlot::cancel() {
  signalling_.fetch_add(1);
  cancelled_ = true;
  syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  auto none = StopReason::none;
  control_->stop.compare_exchange_strong(none, StopReason::cancelled);
  if (const int thread = inside_.load()) syscall(SYS_tgkill, getpid(), thread, tick_signal());
  signalling_.fetch_sub(1);
}

// After this no cancellation of this stay can reach the thread, which may enter another slot next.
void NativeSlot::end_signals() {
  inside_.store(0, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (signalling_.load(std::memory_order_relaxed) == 0 && !cancelled_.load(std::memory_order_relaxed)) return;
  while (signalling_.load()) __builtin_ia32_pause();
  syscall(SYS_getppid);  // what was sent arrives before this returns
}

void NativeInterrupt::cancel() {
  std::lock_guard lock(mutex_);
  if (slot_) slot_->cancel();
}

void NativeInterrupt::detach() {
  std::lock_guard lock(mutex_);
  slot_ = nullptr;
}

}  // namespace writ::fence
