#include "writ/fence/sim.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <thread>

#include "writ/base/assert.h"
#include "writ/fence/pool.h"
#include "writ/fence/scan.h"

namespace writ::fence {
namespace {

constexpr std::uint64_t whole = slot_size.value();
constexpr std::uint64_t page = page_size.value();

struct Stopped {
  Exit exit;
};

// What images have mapped, for all slots.
struct Shared {
  struct Range {
    std::uint64_t begin, end;
    Segment::Kind kind;
    const Slot* writer;
  };
  std::mutex mutex;
  std::vector<Range> ranges;

  Access access(std::uint64_t address, const Slot* who) {
    std::lock_guard lock(mutex);
    for (const Range& r : ranges)
      if (address >= r.begin && address < r.end && r.kind != Segment::Kind::text)
        return r.writer == who && who ? Access::read_write : r.writer ? Access::none : Access::read;
    return Access::none;
  }
};

class SimInterrupt final : public Interrupt {
 public:
  void cancel() override { cancelled_ = true; }
  bool cancelled() const { return cancelled_; }

 private:
  std::atomic<bool> cancelled_{false};
};

class SimThread final : public GuestThread {};

class SimSlot final : public Slot {
 public:
  explicit SimSlot(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  ~SimSlot() override {
    if (base_) munmap(base_, whole);
  }
  SimSlot(const SimSlot&) = delete;

  std::byte* base() const override { return base_; }
  Result<Exit> enter(GuestThread&, const Entry&, HostCalls&) override;
  std::shared_ptr<Interrupt> interrupt() override { return interrupt_; }
  bool stop_requested() const override {
    return interrupt_->cancelled() || std::chrono::steady_clock::now() >= deadline_;
  }
  bool poisoned() const override { return poisoned_; }
  Result<void> rebuild() override;
  Result<void> protect(std::uint64_t offset, ByteCount size, Access) override;
  Result<void> discard(std::uint64_t offset, ByteCount size) override;

  Result<void> prepare();
  void release() { interrupt_.reset(); }
  Access access(std::uint64_t offset) const;

 private:
  friend class Stay;
  Result<void> check_range(std::uint64_t offset, ByteCount size) const;

  std::shared_ptr<Shared> shared_;
  std::byte* base_ = nullptr;
  bool poisoned_ = false, inside_ = false;
  std::map<std::uint64_t, Access> access_;  // from this offset on; always has 0
  std::shared_ptr<SimInterrupt> interrupt_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
};

// One stay of a guest in a slot.
class Stay final : public SimGuest {
 public:
  Stay(SimSlot& slot, const Entry& entry, HostCalls& calls) : slot_(slot), entry_(entry), calls_(calls) {}

  std::uint64_t base() const override { return reinterpret_cast<std::uint64_t>(slot_.base_); }
  std::uint8_t load(std::uint64_t address) override {
    return static_cast<std::uint8_t>(*reach(address, Access::read));
  }
  void store(std::uint64_t address, std::uint8_t value) override {
    *reach(address, Access::read_write) = std::byte{value};
  }

  std::uint64_t call(std::uint64_t index, std::uint64_t arguments) override {
    check_stop();
    const std::uint64_t top = base() + entry_.stack_top, bottom = top - entry_.stack.value();
    if (arguments < bottom || arguments > top - 8 || arguments % 8) end(Ending::bad_host_call, arguments);
    std::uint64_t copy[HostCalls::argument_words];
    const auto n = std::min<std::uint64_t>(HostCalls::argument_words, (top - arguments) / 8);
    std::memcpy(copy, reinterpret_cast<const void*>(arguments), n * 8);
    const HostReply reply = calls_.call(index, std::span<const std::uint64_t>(copy, n));
    if (reply.then == HostReply::Then::leave) end(Ending::left);
    if (reply.then == HostReply::Then::refuse) end(Ending::bad_host_call, arguments);
    check_stop();
    return reply.value;
  }
  void system_call(int number) override { end(Ending::forbidden_call, 0, number); }
  void illegal_instruction() override { end(Ending::illegal_instruction); }
  void divide_by_zero() override { end(Ending::arithmetic, 0, FPE_INTDIV); }
  void spin() override {
    for (;;) {
      check_stop();
      std::this_thread::yield();
    }
  }

 private:
  friend class SimSlot;
  [[noreturn]] void end(Ending ending, std::uint64_t address = 0, int detail = 0) {
    Exit e;
    e.ending = ending;
    e.address = address;
    e.detail = detail;
    const bool fault = ending == Ending::memory_fault || ending == Ending::key_violation;
    if (fault && address - base() < whole) e.offset = address - base();
    throw Stopped{e};
  }
  void check_stop() {
    if (slot_.interrupt_->cancelled()) end(Ending::cancelled);
    if (std::chrono::steady_clock::now() >= slot_.deadline_) end(Ending::timed_out);
  }
  std::byte* reach(std::uint64_t address, Access wanted) {
    check_stop();
    const std::uint64_t offset = address - base();
    auto* at = reinterpret_cast<std::byte*>(address);
    if (offset >= whole) {
      if (slot_.shared_->access(address, &slot_) < wanted) end(Ending::key_violation, address);
      return at;
    }
    if (offset < page && wanted == Access::read_write) end(Ending::key_violation, address);
    if (slot_.access(offset) < wanted) end(Ending::memory_fault, address);
    return at;
  }

  SimSlot& slot_;
  const Entry& entry_;
  HostCalls& calls_;
};

Result<void> SimSlot::prepare() {
  if (!base_) {
    void* p = mmap(nullptr, 2 * whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) return system_error(errno, "cannot reserve address space for a slot", "fence sim");
    auto* raw = static_cast<std::byte*>(p);
    const auto skip = (whole - reinterpret_cast<std::uint64_t>(raw) % whole) % whole;
    if (skip) munmap(raw, skip);
    munmap(raw + skip + whole, whole - skip);
    base_ = raw + skip;
  }
  WRIT_CHECK(rebuild());
  interrupt_ = std::make_shared<SimInterrupt>();
  return {};
}

Result<void> SimSlot::rebuild() {
  if (mmap(base_, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
    return system_error(errno, "cannot empty a slot", "fence sim");
  if (mprotect(base_, page, PROT_READ)) return system_error(errno, "cannot protect a slot's header", "fence sim");
  access_ = {{0, Access::read}, {page, Access::none}};
  poisoned_ = false;
  return {};
}

Result<void> SimSlot::check_range(std::uint64_t offset, ByteCount size) const {
  if (offset % page || size.value() % page || offset < page || offset > whole || size.value() > whole - offset)
    return invalid("range is not made of whole pages of the slot behind its header", "fence");
  return {};
}

Access SimSlot::access(std::uint64_t offset) const { return std::prev(access_.upper_bound(offset))->second; }

Result<void> SimSlot::protect(std::uint64_t offset, ByteCount size, Access a) {
  WRIT_CHECK(check_range(offset, size));
  if (poisoned_) return Error{writ::Code::poisoned, "the slot has to be rebuilt", "fence", {}};
  if (size.value() == 0) return {};
  const int prot = a == Access::none ? PROT_NONE : a == Access::read ? PROT_READ : PROT_READ | PROT_WRITE;
  if (mprotect(base_ + offset, size.value(), prot)) return system_error(errno, "cannot change access", "fence slot");
  const std::uint64_t end = offset + size.value();
  const Access behind = access(end);
  access_.erase(access_.lower_bound(offset), access_.upper_bound(end));
  access_[offset] = a;
  if (end < whole) access_[end] = behind;
  return {};
}

Result<void> SimSlot::discard(std::uint64_t offset, ByteCount size) {
  WRIT_CHECK(check_range(offset, size));
  if (size.value() && madvise(base_ + offset, size.value(), MADV_DONTNEED))
    return system_error(errno, "cannot discard pages", "fence slot");
  return {};
}

Result<Exit> SimSlot::enter(GuestThread&, const Entry& entry, HostCalls& calls) {
  if (poisoned_) return Error{writ::Code::poisoned, "the slot has to be rebuilt", "fence", {}};
  if (inside_) return invalid("a guest thread cannot enter a second slot from a host call", "fence");
  WRIT_CHECK(check_range(entry.stack_top - entry.stack.value(), entry.stack));
  if (entry.stack < page_size) return invalid("a guest needs a stack of at least a page", "fence");
  using std::chrono::steady_clock;
  deadline_ = entry.budget.count() > 0 ? steady_clock::now() + entry.budget : steady_clock::time_point::max();
  inside_ = true;
  Exit exit;
  Stay stay(*this, entry, calls);
  try {
    stay.check_stop();
    reinterpret_cast<SimFunction>(entry.function)(stay, entry.argument0, entry.argument1);
  } catch (const Stopped& s) {
    exit = s.exit;
  }
  inside_ = false;
  deadline_ = steady_clock::time_point::max();
  poisoned_ = exit.ending != Ending::returned && exit.ending != Ending::left;
  return exit;
}

class SimCode final : public Code {
 public:
  SimCode(std::byte* base, ByteCount size, std::shared_ptr<Shared> shared)
      : base_(base), size_(size), shared_(std::move(shared)) {}
  ~SimCode() override {
    publish(nullptr, Publish::remove);
    munmap(base_, size_.value());
  }
  SimCode(const SimCode&) = delete;
  std::uint64_t base() const override { return reinterpret_cast<std::uint64_t>(base_); }
  ByteCount size() const override { return size_; }

  Result<void> load(std::span<const Segment> segments) override {
    if (state_ != State::reserved) return invalid("the image is loaded already", "image");
    for (const Segment& s : segments) {
      const auto where = fmt::format("segment at {:#x}", s.offset);
      if (s.offset % page || s.size.value() % page || s.offset > size_.value() ||
          s.size.value() > size_.value() - s.offset)
        return invalid("a segment is not made of whole pages of the image", where);
      if (s.bytes.size() > s.size.value()) return invalid("a segment has more bytes than its size", where);
      if (s.kind != Segment::Kind::text) continue;
      if (const auto hit = first_forbidden(s.bytes))
        return invalid(
            fmt::format("the image contains {} at text offset {:#x}", name(hit->what), s.offset + hit->offset),
            "image", "no guest may have the means to open its own fence");
    }
    for (const Segment& s : segments)
      if (!s.bytes.empty()) std::memcpy(base_ + s.offset, s.bytes.data(), s.bytes.size());
    segments_.assign(segments.begin(), segments.end());
    publish(nullptr, Publish::replace);
    state_ = State::loaded;
    return {};
  }
  Result<void> open_data(Slot& slot) override {
    if (state_ != State::loaded) return invalid("an image is initialised once, between load and seal", "image");
    publish(&slot, Publish::replace);
    state_ = State::initialising;
    return {};
  }
  Result<void> seal(Seal) override {
    if (state_ != State::loaded && state_ != State::initialising)
      return invalid("an image is sealed once, after load", "image");
    publish(nullptr, Publish::replace);
    state_ = State::sealed;
    return {};
  }

 private:
  enum class State { reserved, loaded, initialising, sealed };
  enum class Publish { replace, remove };
  void publish(const Slot* writer, Publish what) {
    std::lock_guard lock(shared_->mutex);
    std::erase_if(shared_->ranges,
                  [&](const Shared::Range& r) { return r.begin >= base() && r.end <= base() + size_.value(); });
    if (what == Publish::remove) return;
    for (const Segment& s : segments_)
      shared_->ranges.push_back({base() + s.offset, base() + s.offset + s.size.value(), s.kind,
                                 s.kind == Segment::Kind::data ? writer : nullptr});
  }
  std::byte* base_;
  ByteCount size_;
  std::shared_ptr<Shared> shared_;
  State state_ = State::reserved;
  std::vector<Segment> segments_;
};

class SimFence final : public Fence {
 public:
  SimFence(std::shared_ptr<SlotPool<SimSlot>> pool, std::shared_ptr<Shared> shared)
      : pool_(std::move(pool)), shared_(std::move(shared)) {}
  Strength strength() const override { return Strength::sim; }
  std::size_t slots() const override { return pool_->size(); }
  Result<SlotHandle> acquire(Nanoseconds wait) override { return pool_->acquire(wait); }
  Result<std::unique_ptr<GuestThread>> guard_thread() override {
    return std::unique_ptr<GuestThread>(std::make_unique<SimThread>());
  }
  Result<std::unique_ptr<Code>> reserve_code(ByteCount size) override {
    if (size.value() == 0 || size.value() % page || size > GiB)
      return invalid(fmt::format("an image of {} bytes", size.value()), "image");
    void* p = mmap(nullptr, size.value(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) return system_error(errno, "cannot reserve memory for an image", "image");
    return std::unique_ptr<Code>(std::make_unique<SimCode>(static_cast<std::byte*>(p), size, shared_));
  }
  std::vector<Gadget> gadgets() const override { return {}; }

 private:
  std::shared_ptr<SlotPool<SimSlot>> pool_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace

Result<std::shared_ptr<Fence>> open_sim_fence(std::size_t slots) {
  if (slots == 0) return invalid("a fence needs a slot", "fence");
  auto shared = std::make_shared<Shared>();
  std::vector<std::unique_ptr<SimSlot>> made;
  for (std::size_t i = 0; i < slots; ++i) made.push_back(std::make_unique<SimSlot>(shared));
  auto pool = std::make_shared<SlotPool<SimSlot>>(std::move(made), shared);
  return std::shared_ptr<Fence>(std::make_shared<SimFence>(std::move(pool), std::move(shared)));
}

}  // namespace writ::fence
