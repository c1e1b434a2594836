// A slot of the native fence: 16 GiB of address space with one key, its gate, and what it takes to enter it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "writ/fence/fence.h"
#include "writ/fence/native_gate.h"
#include "writ/fence/native_pages.h"
#include "writ/fence/native_state.h"

namespace writ::fence {

// The keys of one slot; -1 where there are none (strength page).
struct SlotKeys {
  int own = -1;
  int shared = -1;
  // Access disable for everything but the slot's own key (open) and the shared one (read).
  std::uint32_t guest_pkru() const { return own < 0 ? 0 : ~(3u << 2 * own) & ~(1u << 2 * shared); }
};

class NativeSlot;

// See fence.h. Signals the thread that is inside; detached when the slot is given back.
class NativeInterrupt final : public Interrupt {
 public:
  explicit NativeInterrupt(NativeSlot& slot) : slot_(&slot) {}
  void cancel() override;
  void detach();

 private:
  std::mutex mutex_;
  NativeSlot* slot_;
};

class NativeSlot final : public Slot {
 public:
  // Gate and control block belong to the GatePages, which outlive the slot.
  NativeSlot(SlotKeys keys, ControlBlock& control, std::byte* gate, const GateMap& map, SignalStack);
  ~NativeSlot() override;
  NativeSlot(const NativeSlot&) = delete;

  std::byte* base() const override { return base_; }
  Result<Exit> enter(GuestThread&, const Entry&, HostCalls&) override;
  std::shared_ptr<Interrupt> interrupt() override;
  bool stop_requested() const override { return control_->stop.load() != StopReason::none; }
  bool poisoned() const override { return state_ == State::poisoned; }
  Result<void> rebuild() override;
  Result<void> protect(std::uint64_t offset, ByteCount size, Access) override;
  Result<void> discard(std::uint64_t offset, ByteCount size) override;

  const SlotKeys& keys() const { return keys_; }
  const std::byte* gate() const { return gate_; }
  const GateMap& gate_map() const { return map_; }

  // For the pool: reserves address space on first use; forgets the holder's interrupt.
  Result<void> prepare();
  void release();

 private:
  friend class NativeInterrupt;
  enum class State { unmapped, empty, used, poisoned };
  Result<void> reserve();
  Result<void> check_range(std::uint64_t offset, ByteCount size) const;
  Exit judge(std::uint64_t returned) const;
  Exit judge_signal() const;
  void cancel();
  void end_signals();

  SlotKeys keys_;
  ControlBlock* control_;
  std::byte* gate_;
  const GateMap& map_;
  const SignalStack signal_stack_;
  std::byte* base_ = nullptr;
  State state_ = State::unmapped;
  NativePages pages_;
  std::shared_ptr<NativeInterrupt> interrupt_;
  // Written by the thread inside with plain stores, read by cancel() behind a membarrier: entering costs no fence.
  std::atomic<int> inside_{0};      // thread id, 0: nobody
  std::atomic<int> signalling_{0};  // cancellations between their look at inside_ and the end of their signal
  std::atomic<bool> cancelled_{false};
};

}  // namespace writ::fence
