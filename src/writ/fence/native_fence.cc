#include "writ/fence/native_fence.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "writ/fence/gadgets.h"
#include "writ/fence/native_code.h"
#include "writ/fence/native_gate.h"
#include "writ/fence/native_signals.h"
#include "writ/fence/native_slot.h"
#include "writ/fence/native_thread.h"
#include "writ/fence/pool.h"

namespace writ::fence {
namespace {

// Signal handlers are the process's, so only one fence may have them.
std::atomic<bool> installed{false};

// What slots need as long as one of them is lent: keys, gates, handlers.
struct Foundation {
  bool owns_process = false, handlers = false;
  int shared_key = -1;
  std::vector<int> slot_keys;
  std::unique_ptr<GatePages> gates;

  Foundation() = default;
  Foundation(const Foundation&) = delete;
  ~Foundation() {
    if (handlers) SignalEntry::remove();
    for (const int key : slot_keys) syscall(SYS_pkey_free, key);
    if (shared_key >= 0) syscall(SYS_pkey_free, shared_key);
    if (owns_process) installed = false;
  }
};

class NativeFence final : public Fence {
 public:
  NativeFence(Strength strength, Machine machine, std::shared_ptr<Foundation> foundation,
              std::shared_ptr<SlotPool<NativeSlot>> pool, std::vector<Gadget> gadgets)
      : strength_(strength),
        machine_(std::move(machine)),
        foundation_(std::move(foundation)),
        pool_(std::move(pool)),
        gadgets_(std::move(gadgets)) {}

  Strength strength() const override { return strength_; }
  std::size_t slots() const override { return pool_->size(); }
  Result<SlotHandle> acquire(Nanoseconds wait) override {
    if (foundation_->shared_key >= 0) writ_fence_open_keys();
    return pool_->acquire(wait);
  }
  Result<std::unique_ptr<GuestThread>> guard_thread() override {
    return NativeThread::begin(foundation_->shared_key, foundation_);
  }
  Result<std::unique_ptr<Code>> reserve_code(ByteCount size) override {
    return NativeCode::reserve(size, foundation_->shared_key, machine_, foundation_);
  }
  std::vector<Gadget> gadgets() const override { return gadgets_; }

 private:
  Strength strength_;
  Machine machine_;
  std::shared_ptr<Foundation> foundation_;
  std::shared_ptr<SlotPool<NativeSlot>> pool_;
  std::vector<Gadget> gadgets_;
};

Result<void> allocate_keys(Foundation& f, std::size_t slots) {
  f.shared_key = static_cast<int>(syscall(SYS_pkey_alloc, 0, 0));
  if (f.shared_key < 0) return system_error(errno, "cannot allocate a protection key", "fence");
  while (f.slot_keys.size() < slots) {
    const int key = static_cast<int>(syscall(SYS_pkey_alloc, 0, 0));
    if (key < 0) break;
    f.slot_keys.push_back(key);
  }
  if (f.slot_keys.empty())
    return Error{writ::Code::exhausted, "all protection keys of this process are in use", "fence", {}};
  return {};
}

}  // namespace

bool native_fence_lives() { return installed; }

void register_barriers() { (void)syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0); }

Result<std::shared_ptr<Fence>> open_native_fence(Strength strength, std::size_t slots, const Machine& machine,
                                                 SignalStack signal_stack) {
  if (slots == 0) return invalid("a fence needs a slot", "fence");
  auto f = std::make_shared<Foundation>();
  if (installed.exchange(true))
    return Error{writ::Code::conflict, "this process has a fence already", "fence", "share it"};
  f->owns_process = true;
  // cancel() depends on it; registering also tells whether the kernel has it.
  if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0))
    return system_error(errno, "the kernel refuses membarrier", "fence");

  std::vector<Gadget> gadgets;
  std::size_t count = 1;  // page: the other slots could not be told apart
  if (strength == Strength::key) {
    WRIT_CHECK(allocate_keys(*f, slots));
    WRIT_TRY(gadgets, remove_gadgets());
    count = f->slot_keys.size();
  }
  WRIT_TRY(auto gates, GatePages::reserve(count));
  f->gates = std::make_unique<GatePages>(std::move(gates));
  const GateTemplate gate = gate_template(strength, machine.vectors);
  std::vector<std::unique_ptr<NativeSlot>> made;
  for (std::size_t i = 0; i < count; ++i) {
    const SlotKeys keys{strength == Strength::key ? f->slot_keys[i] : -1, f->shared_key};
    std::byte* const page = f->gates->install(i, gate, keys.guest_pkru());
    made.push_back(std::make_unique<NativeSlot>(keys, f->gates->control(i), page, *gate.map, signal_stack));
  }
  WRIT_CHECK(f->gates->seal(machine));
  WRIT_CHECK(SignalEntry::install(signal_stack));
  f->handlers = true;
  auto pool = std::make_shared<SlotPool<NativeSlot>>(std::move(made), f);
  return std::shared_ptr<Fence>(
      std::make_shared<NativeFence>(strength, machine, std::move(f), std::move(pool), std::move(gadgets)));
}

}  // namespace writ::fence
