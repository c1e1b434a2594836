// The fence: hardware slots in which code that nobody trusts runs inside our own process.
//
// A slot is a piece of address space (16 GiB, aligned to its size) with its own call gate. Code that entered through the
// gate reads and writes its slot, reads what is shared, and nothing else; it leaves by returning, by a host call, or by
// being stopped. How much of that the machine enforces is the strength, which is asked for, reported, never guessed:
//
//   key    x86 protection keys. Everything of the host is key 0, which is denied to guests, for loads and for stores,
//          whatever instructions they are made of. System calls end the guest (Syscall User Dispatch).
//          Before Linux 6.12 signals arrive on a stack in the slot's own key (SignalStack::slot).
//   page   no protection keys on this machine: one slot a process, guard pages, the same gate,
//          timers and system call barrier. The guest's own translator keeps it in its memory; the host's heap is not
//          protected from code that breaks out of the translator.
//   sim    a software model for tests. Guests are host functions (sim.h). It stops nothing.
//
// Threads: a Fence may be used by all threads; a Slot belongs to whoever holds its handle; guests run on threads that hold
// a GuestThread. Only one Fence of strength key or page may live in a process, because signal handlers are the process's.
// Sources: facts on protection keys in docs/decisions; Connor et al., "PKU Pitfalls" (USENIX Security 2020).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "writ/base/clock.h"
#include "writ/base/result.h"
#include "writ/base/units.h"

namespace writ::fence {

enum class Strength { key, page, sim };
std::string_view name(Strength);

// What this machine offers, for `doctor` and for choosing. Probed, not read from tables of models.
struct Machine {
  int protection_keys = 0;                  // how many this process can still allocate
  bool system_call_dispatch = false;        // prctl(PR_SET_SYSCALL_USER_DISPATCH), Linux 5.11
  bool signal_stack_in_denied_key = false;  // Linux 6.12
  bool mseal = false;                       // Linux 6.10
  bool fs_base_readable = false;            // RDFSBASE in user mode
  enum class Vectors { sse, avx, avx512 } vectors = Vectors::sse;
  std::string kernel;

  // The strongest fence that works here, and why it is not a stronger one (empty for key).
  std::optional<Strength> strongest() const;
  std::string why_not(Strength) const;
};
Machine probe_machine();

// How a stay in the slot ended. `returned` and `left` are the guest's own doing; every other ending poisons the slot.
enum class Ending {
  returned,             // the entered function returned
  left,                 // a host call said so
  timed_out,            // the time budget was used up
  cancelled,            // somebody called Interrupt::cancel
  memory_fault,         // access to an address of no mapping or without permission: `address`, `offset`
  key_violation,        // access to memory of another key: the host, another slot, something read-only
  forbidden_call,       // a system call: `detail` is its number
  illegal_instruction,  // an instruction that user code may not execute, a breakpoint, a gate used wrongly
  arithmetic,           // integer division, floating point exception: `detail` is the signal code
  bad_host_call,        // arguments outside of the guest's stack, or an index that does not exist
};
std::string_view name(Ending);

struct Exit {
  Ending ending = Ending::returned;
  std::uint64_t address = 0;            // memory_fault, key_violation: where; bad_host_call: the argument pointer
  std::optional<std::uint64_t> offset;  // the same, from the slot's base, if it lies in the slot
  std::uint64_t instruction = 0;        // address of the instruction, if it was stopped by the CPU or a timer
  int detail = 0;
  friend bool operator==(const Exit&, const Exit&) = default;
};

// What a host call answers: a value for the guest, or that the guest does not go on.
struct HostReply {
  enum class Then { resume, leave, refuse };  // refuse: no such call; ends as bad_host_call
  std::uint64_t value = 0;
  Then then = Then::resume;
  static HostReply of(std::uint64_t v) { return {v, Then::resume}; }
  static HostReply leave() { return {0, Then::leave}; }
  static HostReply refuse() { return {0, Then::refuse}; }
};

// The host's side of the gate. Called on the guest's thread, on the host's stack, with all memory accessible. `arguments`
// are a copy of up to argument_words words from the guest's own stack; the guest cannot change them any more. A time out
// or a cancellation never interrupts a call: the guest is ended when the call returns. A call that may block must wait
// with a deadline and ask Slot::stop_requested(). Must not throw.
class HostCalls {
 public:
  static constexpr std::size_t argument_words = 12;
  virtual ~HostCalls() = default;
  virtual HostReply call(std::uint64_t index, std::span<const std::uint64_t> arguments) = 0;
};

// What makes the calling thread able to run guests, until it is destroyed (on the same thread): restartable sequences
// unregistered, an alternate signal stack that disarms itself, system calls dispatched, a timer, and every signal masked
// but the fence's own. So a process that runs guests needs another thread that takes SIGTERM and its like, and threads
// started from a guest thread inherit the mask.
class GuestThread {
 public:
  virtual ~GuestThread() = default;
};

// Ends the stay of one holder of a slot; from any thread, also before it began or after it is over. Kept by shared_ptr,
// and deaf once the slot went to somebody else.
class Interrupt {
 public:
  virtual ~Interrupt() = default;
  virtual void cancel() = 0;
};

struct Entry {
  std::uint64_t function = 0;  // void (*)(uint64_t, uint64_t), in sealed code of this fence
  std::uint64_t argument0 = 0, argument1 = 0;
  std::uint64_t stack_top = 0;  // offset in the slot, of a page
  ByteCount stack;              // how much below it is the guest's stack
  Nanoseconds budget{0};        // real time; 0: no limit
};

enum class Access { none, read, read_write };

// One protection domain. Offsets and sizes are of whole pages, from the slot's base. The first page is the header: its
// first word is the address of the gate's call entry, which the guest reads and cannot write.
inline constexpr ByteCount slot_size{16ull << 30};
inline constexpr ByteCount page_size{4096};

class Slot {
 public:
  virtual ~Slot() = default;
  virtual std::byte* base() const = 0;

  // Runs a guest function to its end. Poisoned slots refuse: `poisoned`; the budget or a cancellation may end it at once.
  virtual Result<Exit> enter(GuestThread&, const Entry&, HostCalls&) = 0;
  virtual std::shared_ptr<Interrupt> interrupt() = 0;
  virtual bool stop_requested() const = 0;  // the budget is used up, or somebody cancelled; for host calls that wait

  virtual bool poisoned() const = 0;
  // Empty again as on the first day: no page is accessible but the header, and the poison is gone.
  virtual Result<void> rebuild() = 0;

  // Access of a range after the header; the key stays. Pages made accessible for the first time read zero.
  virtual Result<void> protect(std::uint64_t offset, ByteCount size, Access) = 0;
  // Gives the pages back; they read zero, and the access stays.
  virtual Result<void> discard(std::uint64_t offset, ByteCount size) = 0;
};

// A slot on loan. Given back on destruction; the next holder gets it empty: nothing in it is accessible to a guest but the
// header, and whatever is made accessible reads zero.
class SlotHandle {
 public:
  class Pool {
   public:
    virtual ~Pool() = default;
    virtual void give_back(Slot&) = 0;
  };
  SlotHandle() = default;
  SlotHandle(Slot& slot, std::shared_ptr<Pool> pool) : slot_(&slot), pool_(std::move(pool)) {}
  SlotHandle(SlotHandle&& o) noexcept : slot_(std::exchange(o.slot_, nullptr)), pool_(std::move(o.pool_)) {}
  SlotHandle& operator=(SlotHandle&& o) noexcept {
    if (this != &o) {
      reset();
      slot_ = std::exchange(o.slot_, nullptr);
      pool_ = std::move(o.pool_);
    }
    return *this;
  }
  ~SlotHandle() { reset(); }
  void reset() {
    if (slot_) pool_->give_back(*std::exchange(slot_, nullptr));
  }
  Slot* operator->() const { return slot_; }
  Slot& operator*() const { return *slot_; }
  explicit operator bool() const { return slot_ != nullptr; }

 private:
  Slot* slot_ = nullptr;
  std::shared_ptr<Pool> pool_;
};

// A part of an image. Offsets from the image's base are of whole pages; `size` may exceed the bytes (the rest is zero).
struct Segment {
  enum class Kind {
    text,       // execute; guests of strength key cannot read it. Scanned first.
    constants,  // read-only for every guest
    data,       // writable for one slot while it initialises, then read-only for every guest
  };
  Kind kind = Kind::constants;
  std::uint64_t offset = 0;
  ByteCount size;
  std::span<const std::byte> bytes;
};

// Whether sealed code may be unmapped again. `for_ever` is mseal(2) where the kernel has it.
enum class Seal { until_unloaded, for_ever };

// The mapping of one image, shared by all slots. reserved -> loaded -> (initialising ->) sealed; no other way, and nothing
// is ever writable and executable. The base is known from the start, because relocations need it. Unmapped on destruction:
// no slot may be inside then.
class Code {
 public:
  virtual ~Code() = default;
  virtual std::uint64_t base() const = 0;
  virtual ByteCount size() const = 0;

  // Checks, scans and maps. `invalid` names a forbidden instruction and its offset; then nothing was mapped.
  virtual Result<void> load(std::span<const Segment>) = 0;
  // Data segments become writable for the guest of this slot (and no other), whose code then initialises them.
  virtual Result<void> open_data(Slot&) = 0;
  virtual Result<void> seal(Seal) = 0;
};

// An instruction that would let a guest open its fence, found in the executable memory of this process at the start.
struct Gadget {
  std::string where;        // mapping and offset
  std::string instruction;  // WRPKRU, XRSTOR, WRFSBASE/WRGSBASE
  enum class State { ours_checked, removed, open } state = State::open;
};

class Fence {
 public:
  virtual ~Fence() = default;
  virtual Strength strength() const = 0;
  virtual std::size_t slots() const = 0;

  // An empty slot. Waits until `wait` is over if all are taken (0: does not wait): `exhausted`. The calling thread may
  // read and write slots and code from then on.
  virtual Result<SlotHandle> acquire(Nanoseconds wait) = 0;
  virtual Result<std::unique_ptr<GuestThread>> guard_thread() = 0;
  virtual Result<std::unique_ptr<Code>> reserve_code(ByteCount size) = 0;
  virtual std::vector<Gadget> gadgets() const = 0;
};

enum class Want { automatic, key, page, sim };

// Where the signal arrives that ends a guest, at strength `key`.
//
//   host   on a stack of the host's key, which no guest can reach. From Linux 6.12 on the kernel writes there whatever the
//          guest's rights are.
//   slot   in the slot itself: an older kernel writes the frame with the guest's rights. The entry opens all keys before it
//          touches memory, with every signal blocked until then; no guest goes on after a signal met the host in its stay,
//          and outside of a stay the thread has its own stack again. What it costs: two system calls an entry, and a guest
//          made by hand can forge the words that say how it ended, though not that it ended.
enum class SignalStack { automatic, host, slot };

struct Options {
  Want want = Want::automatic;
  std::size_t slots = 14;  // at most; fewer if the process has used keys itself. `page` has one.
  SignalStack signal_stack = SignalStack::automatic;  // host where the kernel can
};

// `unsupported` says what this machine lacks; `conflict` that another fence of this process lives.
Result<std::shared_ptr<Fence>> open_fence(const Options&);

// Tells the kernel that this process will ask all its processors for a barrier, as open_fence() does. A process that has one
// thread is done at once; later the kernel waits for every processor of the machine, some 15 ms.
void register_barriers();

}  // namespace writ::fence
