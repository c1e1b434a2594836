// The port's contract, on whatever strength this machine has: guests of a few bytes of machine code.
#include <gtest/gtest.h>
#include <cstdlib>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "writ/base/units.h"
#include "writ/fence/fence.h"
#include "writ/fence/testing_options.h"

namespace writ::fence {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t stack_top = 1ull << 31;
constexpr ByteCount stack = 16 * page_size;

class Calls final : public HostCalls {
 public:
  std::function<HostReply(std::uint64_t, std::span<const std::uint64_t>)> answer = [](auto, auto) {
    return HostReply::of(0);
  };
  int count = 0;
  HostReply call(std::uint64_t index, std::span<const std::uint64_t> a) override {
    ++count;
    return answer(index, a);
  }
};

// Machine code. rdi, rsi: the entry's arguments.
const Bytes just_return{0xc3};
const Bytes load_rdi{0x48, 0x8b, 0x07, 0xc3};                  // mov rax, [rdi]; ret
const Bytes store_rdi{0x48, 0x89, 0x37, 0xc3};                 // mov [rdi], rsi; ret
const Bytes for_ever{0xeb, 0xfe};                              // jmp self
const Bytes divide{0x31, 0xc9, 0x31, 0xd2, 0xf7, 0xf1, 0xc3};  // xor ecx,ecx; xor edx,edx; div ecx
const Bytes undefined{0x0f, 0x0b};
const Bytes system_call{0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3};  // getpid
// The gate's address is the first word of the arena, found by masking rsp. Calls it with index rdi and rsp as arguments,
// whose first two words are 7 and rsi; stores the answer at [rsp] and calls again if rdx was 0 before: see `call_for_ever`.
const Bytes call_once{0x56, 0x6a, 0x07,                                                  // push rsi; push 7
                      0x48, 0x89, 0xe6,                                                  // mov rsi, rsp
                      0x48, 0x89, 0xe0, 0x48, 0xc1, 0xe8, 0x22, 0x48, 0xc1, 0xe0, 0x22,  // rax = rsp & ~(2^34-1)
                      0xff, 0x10,                                                        // call [rax]
                      0x59, 0x59, 0xc3};                                                 // pop rcx; pop rcx; ret
const Bytes call_for_ever{0x53, 0x48, 0x89, 0xe3, 0x48, 0xc1, 0xeb, 0x22, 0x48, 0xc1, 0xe3, 0x22,  // rbx = arena
                          0x48, 0x89, 0xe6, 0x31, 0xff, 0xff, 0x13,  // rsi = rsp; edi = 0; call [rbx]
                          0xeb, 0xf7};                               // again

class FenceTest : public testing::Test {
 protected:
  void SetUp() override {
    machine = probe_machine();  // before the fence takes its keys
    auto f = open_fence(testing_options(std::getenv(signal_stack_variable)));
    ASSERT_TRUE(f) << f.error().text();
    fence = *f;
    thread = *fence->guard_thread();
    auto s = fence->acquire(0ns);
    ASSERT_TRUE(s) << s.error().text();
    slot = std::move(*s);
    ready();
  }
  void ready() { ASSERT_TRUE(slot->protect(stack_top - stack.value(), stack, Access::read_write)); }

  std::uint64_t load(const Bytes& bytes) {
    auto code = *fence->reserve_code(page_size);
    const Segment text{Segment::Kind::text, 0, page_size, std::as_bytes(std::span(bytes))};
    EXPECT_TRUE(code->load({&text, 1}));
    EXPECT_TRUE(code->seal(Seal::until_unloaded));
    codes.push_back(std::move(code));
    return codes.back()->base();
  }
  Result<Exit> run(const Bytes& bytes, std::uint64_t a0 = 0, std::uint64_t a1 = 0, Nanoseconds budget = 0ns) {
    return slot->enter(*thread, {load(bytes), a0, a1, stack_top, stack, budget}, calls);
  }
  Ending ending(const Bytes& bytes, std::uint64_t a0 = 0, std::uint64_t a1 = 0, Nanoseconds budget = 0ns) {
    auto e = run(bytes, a0, a1, budget);
    EXPECT_TRUE(e) << e.error().text();
    if (slot->poisoned()) {
      EXPECT_EQ(run(just_return).error().code, writ::Code::poisoned);
      EXPECT_TRUE(slot->rebuild());
      ready();
    }
    EXPECT_EQ(run(just_return)->ending, Ending::returned);
    return e->ending;
  }
  std::uint64_t base() const { return reinterpret_cast<std::uint64_t>(slot->base()); }

  Machine machine;
  std::shared_ptr<Fence> fence;
  std::unique_ptr<GuestThread> thread;
  std::vector<std::unique_ptr<Code>> codes;
  SlotHandle slot;
  Calls calls;
};

// Where keys are, not using them is a failure.
TEST_F(FenceTest, UsesTheStrongestThereIs) {
  ASSERT_TRUE(machine.strongest());
  EXPECT_EQ(fence->strength(), *machine.strongest());
  if (fence->strength() == Strength::key) return;
  EXPECT_EQ(machine.protection_keys, 0);
  EXPECT_FALSE(machine.why_not(Strength::key).empty());
  std::printf("NOT COVERED: protection keys: %s\n", machine.why_not(Strength::key).c_str());
}

TEST(FenceOpen, KeysAreGivenOrRefusedNeverReplaced) {
  const Machine machine = probe_machine();
  const auto fence = open_fence(testing_options(std::getenv(signal_stack_variable), Want::key));
  if (machine.why_not(Strength::key).empty()) {
    ASSERT_TRUE(fence) << fence.error().text();
    EXPECT_EQ((*fence)->strength(), Strength::key);
    EXPECT_EQ((*fence)->slots(), static_cast<std::size_t>(machine.protection_keys) - 1);
  } else {
    ASSERT_FALSE(fence);
    EXPECT_EQ(fence.error().code, writ::Code::unsupported);
    EXPECT_EQ(fence.error().what, machine.why_not(Strength::key));
  }
}

TEST(FenceOpen, PageHasOneSlotAndNoSlotsIsRefused) {
  EXPECT_EQ((*open_fence(testing_options(std::getenv(signal_stack_variable), Want::page, 14)))->slots(), 1u);
  EXPECT_EQ(open_fence(testing_options(std::getenv(signal_stack_variable), Want::page, 0)).error().code, writ::Code::invalid);
  EXPECT_EQ(open_fence(testing_options(std::getenv(signal_stack_variable), Want::automatic, 0)).error().code, writ::Code::invalid);
  EXPECT_TRUE(open_fence(testing_options(std::getenv(signal_stack_variable))));  // the failures left nothing behind
}

TEST(FenceMachine, SaysWhyNot) {
  Machine m;
  m.protection_keys = 15;
  m.system_call_dispatch = m.signal_stack_in_denied_key = m.fs_base_readable = true;
  EXPECT_EQ(m.strongest(), Strength::key);
  m.signal_stack_in_denied_key = false;
  EXPECT_EQ(m.strongest(), Strength::key) << "the stack then lies in the slot";
  m.protection_keys = 0;
  EXPECT_NE(m.why_not(Strength::key).find("protection keys"), std::string::npos);
  m.system_call_dispatch = false;
  EXPECT_EQ(m.strongest(), std::nullopt);
  EXPECT_NE(m.why_not(Strength::page).find("Syscall User Dispatch"), std::string::npos);
}

TEST_F(FenceTest, EntersAndLeaves) {
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(run(just_return)->ending, Ending::returned);
  EXPECT_FALSE(slot->poisoned());
}

TEST_F(FenceTest, GuestReadsAndWritesItsOwnSlot) {
  const std::uint64_t at = base() + stack_top - stack.value();
  EXPECT_EQ(ending(store_rdi, at, 4711), Ending::returned);
  EXPECT_EQ(*reinterpret_cast<std::uint64_t*>(at), 4711u);
}

TEST_F(FenceTest, FaultsAreOutcomesWithTheirAddress) {
  const std::uint64_t nowhere = 5ull << 30;
  const auto e = *run(load_rdi, base() + nowhere);
  EXPECT_EQ(e.ending, Ending::memory_fault);
  EXPECT_EQ(e.address, base() + nowhere);
  EXPECT_EQ(e.offset, nowhere);
  EXPECT_EQ(e.instruction, codes.back()->base());
  EXPECT_TRUE(slot->poisoned());
  EXPECT_EQ(run(just_return).error().code, writ::Code::poisoned);
  ASSERT_TRUE(slot->rebuild());
  ready();
  EXPECT_EQ(ending(load_rdi, 16), Ending::memory_fault);
  EXPECT_EQ(ending(store_rdi, base()),
            fence->strength() == Strength::key ? Ending::key_violation : Ending::memory_fault);  // header
  EXPECT_EQ(ending(divide), Ending::arithmetic);
  EXPECT_EQ(ending(undefined), Ending::illegal_instruction);
}

TEST_F(FenceTest, SystemCallsEndTheGuest) {
  const auto e = *run(system_call);
  EXPECT_EQ(e.ending, Ending::forbidden_call);
  EXPECT_EQ(e.detail, 39);
  EXPECT_GT(getppid(), 0);  // and not the host
}

TEST_F(FenceTest, HostCallsCopyTheArgumentsAndAnswer) {
  std::vector<std::uint64_t> seen;
  calls.answer = [&](std::uint64_t index, std::span<const std::uint64_t> a) {
    EXPECT_EQ(index, 5u);
    seen.assign(a.begin(), a.end());
    return HostReply::of(9);
  };
  EXPECT_EQ(ending(call_once, 5, 1234), Ending::returned);
  ASSERT_GE(seen.size(), 2u);
  EXPECT_LE(seen.size(), HostCalls::argument_words);
  EXPECT_EQ(seen[0], 7u);
  EXPECT_EQ(seen[1], 1234u);
  calls.answer = [](auto, auto) { return HostReply::leave(); };
  EXPECT_EQ(ending(call_once), Ending::left);
  calls.answer = [](auto, auto) { return HostReply::refuse(); };
  EXPECT_EQ(ending(call_once), Ending::bad_host_call);
}

TEST_F(FenceTest, TimeIsUp) {
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(ending(for_ever, 0, 0, 3ms), Ending::timed_out);
  EXPECT_GE(std::chrono::steady_clock::now() - before, 3ms);
  EXPECT_EQ(ending(call_for_ever, 0, 0, 3ms), Ending::timed_out);
  EXPECT_GT(calls.count, 0);
}

TEST_F(FenceTest, ATimeOutDoesNotCutAHostCallShort) {
  bool whole_call = false;
  calls.answer = [&](auto, auto) {
    while (!slot->stop_requested()) {}
    for (int i = 0; i < 1000; ++i) getppid();
    whole_call = true;
    return HostReply::of(0);
  };
  EXPECT_EQ(ending(call_for_ever, 0, 0, 200ms), Ending::timed_out);
  EXPECT_TRUE(whole_call);
  EXPECT_EQ(calls.count, 1);
}

TEST_F(FenceTest, CancelsFromAnotherThreadAndBeforehand) {
  {
    auto interrupt = slot->interrupt();
    std::thread other([&] {
      std::this_thread::sleep_for(2ms);
      interrupt->cancel();
    });
    EXPECT_EQ(run(for_ever)->ending, Ending::cancelled);
    other.join();
    ASSERT_TRUE(slot->rebuild());
    ready();
    EXPECT_EQ(run(for_ever)->ending, Ending::cancelled);  // it holds for the whole loan
    slot.reset();
    slot = *fence->acquire(0ns);
    ready();
    interrupt->cancel();  // deaf: the slot went to somebody else
  }
  EXPECT_EQ(ending(just_return), Ending::returned);
}

// A cancellation of one stay never ends another on the same thread.
TEST_F(FenceTest, LateCancellationsHitNobodyElse) {
  for (int i = 0; i < 300; ++i) {
    auto interrupt = slot->interrupt();
    std::atomic<bool> go{false};
    std::thread other([&] {
      while (!go) {
      }
      interrupt->cancel();
    });
    go = true;
    const auto e = run(just_return)->ending;
    EXPECT_TRUE(e == Ending::returned || e == Ending::cancelled);
    slot.reset();
    slot = *fence->acquire(0ns);
    ready();
    EXPECT_EQ(run(just_return)->ending, Ending::returned);
    other.join();
    codes.clear();
  }
}

TEST_F(FenceTest, MoreTasksThanSlots) {
  std::vector<SlotHandle> all;
  while (all.size() + 1 < fence->slots()) all.push_back(*fence->acquire(0ns));
  EXPECT_EQ(fence->acquire(0ns).error().code, writ::Code::exhausted);
  EXPECT_EQ(fence->acquire(5ms).error().code, writ::Code::exhausted);
  std::thread other([&] {
    std::this_thread::sleep_for(5ms);
    slot.reset();
  });
  auto waited = fence->acquire(10s);
  other.join();
  EXPECT_TRUE(waited);
}

TEST_F(FenceTest, TheNextHolderFindsNothing) {
  const std::uint64_t at = base() + stack_top - 64;
  *reinterpret_cast<std::uint64_t*>(at) = 99;
  slot.reset();
  slot = *fence->acquire(0ns);
  EXPECT_EQ(run(just_return)->ending, Ending::memory_fault);  // not even a stack
  ASSERT_TRUE(slot->rebuild());
  ready();
  EXPECT_EQ(*reinterpret_cast<std::uint64_t*>(base() + stack_top - 64), 0u);
}

TEST_F(FenceTest, RangesAreChecked) {
  for (const auto& [offset, size] : {std::pair<std::uint64_t, std::uint64_t>{0, 4096},
                                     {4097, 4096},
                                     {4096, 100},
                                     {slot_size.value(), 4096},
                                     {slot_size.value() - 4096, 8192},
                                     {~0ull << 12, 4096},
                                     {4096, ~0ull << 12}}) {
    EXPECT_FALSE(slot->protect(offset, ByteCount(size), Access::read_write)) << offset << ' ' << size;
    EXPECT_FALSE(slot->discard(offset, ByteCount(size)));
  }
  EXPECT_FALSE(slot->enter(*thread, {load(just_return), 0, 0, 0, stack, 0ns}, calls));
  EXPECT_FALSE(slot->enter(*thread, {load(just_return), 0, 0, stack_top, ByteCount(0), 0ns}, calls));
}

TEST_F(FenceTest, OneFenceAProcessAndOneGuardAThread) {
  EXPECT_EQ(open_fence(testing_options(std::getenv(signal_stack_variable))).error().code, writ::Code::conflict);
  EXPECT_EQ(fence->guard_thread().error().code, writ::Code::conflict);
}

// Images.

TEST_F(FenceTest, CodeGoesOneWay) {
  auto code = *fence->reserve_code(2 * page_size);
  const Bytes zero{0};
  const std::vector<Segment> segments{{Segment::Kind::text, 0, page_size, std::as_bytes(std::span(store_rdi))},
                                      {Segment::Kind::data, 4096, page_size, std::as_bytes(std::span(zero))}};
  EXPECT_FALSE(code->open_data(*slot));
  EXPECT_FALSE(code->seal(Seal::until_unloaded));
  ASSERT_TRUE(code->load(segments));
  EXPECT_FALSE(code->load(segments));
  const auto write = [&] {
    return slot->enter(*thread, {code->base(), code->base() + 4096, 5, stack_top, stack, 0ns}, calls)->ending;
  };
  const auto refused = fence->strength() == Strength::key ? Ending::key_violation : Ending::memory_fault;
  EXPECT_EQ(write(), refused);
  ASSERT_TRUE(slot->rebuild());
  ready();
  ASSERT_TRUE(code->open_data(*slot));
  EXPECT_EQ(write(), Ending::returned);
  ASSERT_TRUE(code->seal(Seal::for_ever));
  EXPECT_EQ(*reinterpret_cast<std::uint64_t*>(code->base() + 4096), 5u);
  EXPECT_EQ(write(), refused);
  EXPECT_FALSE(code->open_data(*slot));
  EXPECT_FALSE(code->seal(Seal::until_unloaded));
}

TEST_F(FenceTest, ForbiddenInstructionsNeverBecomeExecutable) {
  const auto refuse = [&](std::vector<Segment> segments, const char* what) {
    auto code = *fence->reserve_code(4 * page_size);
    const auto r = code->load(segments);
    ASSERT_FALSE(r) << what;
    EXPECT_EQ(r.error().code, writ::Code::invalid);
    EXPECT_NE(r.error().what.find(what), std::string::npos) << r.error().what;
    const Segment good{Segment::Kind::text, 0, page_size, std::as_bytes(std::span(just_return))};
    EXPECT_TRUE(code->load({&good, 1}));  // unchanged by the failure
  };
  volatile std::uint8_t escape = 0x0f;  // or this program had the three bytes in an immediate, as a gadget
  const Bytes wrpkru{0x90, escape, 0x01, 0xef};
  refuse({{Segment::Kind::text, 0, page_size, std::as_bytes(std::span(wrpkru))}}, "WRPKRU at text offset 0x1");
  // Across the seam of two text segments.
  Bytes head(4096, 0x90);
  head[4095] = 0x0f;
  const Bytes tail{0x01, 0xef};
  refuse({{Segment::Kind::text, 4096, page_size, std::as_bytes(std::span(tail))},
          {Segment::Kind::text, 0, page_size, std::as_bytes(std::span(head))}},
         "WRPKRU at text offset 0xfff");
  const Bytes large(5000);
  refuse({{Segment::Kind::text, 0, page_size, {}}, {Segment::Kind::data, 0, page_size, {}}}, "overlap");
  refuse({{Segment::Kind::text, 1, page_size, {}}}, "whole pages");
  refuse({{Segment::Kind::text, 0, 5 * page_size, {}}}, "whole pages");
  refuse({{Segment::Kind::text, ~0ull << 12, page_size, {}}}, "whole pages");
  refuse({{Segment::Kind::text, 0, page_size, std::as_bytes(std::span(large))}}, "more bytes");
}

// The embedder's handlers.

std::atomic<int> handled{0};
void embedder_handler(int, siginfo_t* info, void* context) {
  ++handled;
  static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP] += 2;  // over the UD2
  (void)info;
}

TEST(FenceSignals, WhatIsNotAGuestsGoesOnToTheEmbedder) {
  struct sigaction mine {
  }, before{};
  mine.sa_sigaction = embedder_handler;
  mine.sa_flags = SA_SIGINFO;
  sigaction(SIGILL, &mine, &before);
  {
    auto fence = *open_fence(testing_options(std::getenv(signal_stack_variable)));
    asm volatile("ud2");
    EXPECT_EQ(handled, 1);
    auto guard = *fence->guard_thread();
    asm volatile("ud2");
    EXPECT_EQ(handled, 2);
    std::thread([] { asm volatile("ud2"); }).join();
    EXPECT_EQ(handled, 3);
  }
  struct sigaction after {};
  sigaction(SIGILL, &before, &after);
  EXPECT_EQ(after.sa_sigaction, embedder_handler);  // given back
}

TEST(FenceSignalsDeathTest, AFaultOfTheHostStillKills) {
  EXPECT_EXIT(
      {
        auto fence = *open_fence(testing_options(std::getenv(signal_stack_variable)));
        auto guard = *fence->guard_thread();
        *static_cast<volatile int*>(nullptr) = 1;
      },
      testing::KilledBySignal(SIGSEGV), "");
}

TEST(FenceThread, LeavesTheThreadAsItWas) {
  auto fence = *open_fence(testing_options(std::getenv(signal_stack_variable)));
  sigset_t before, after;
  stack_t stack_before, stack_after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  sigaltstack(nullptr, &stack_before);
  { auto guard = *fence->guard_thread(); }
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  sigaltstack(nullptr, &stack_after);
  for (int s = 1; s < NSIG; ++s) EXPECT_EQ(sigismember(&before, s), sigismember(&after, s));
  EXPECT_EQ(stack_before.ss_flags & ~SS_ONSTACK, stack_after.ss_flags & ~SS_ONSTACK);
  auto again = fence->guard_thread();
  EXPECT_TRUE(again);
}

}  // namespace
}  // namespace writ::fence
