// The model keeps the port's contract; what arena_test and the guests' tests conclude from it rests on this.
#include "writ/fence/sim.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace writ::fence {
namespace {

using namespace std::chrono_literals;
constexpr std::uint64_t stack_top = 1ull << 31;
constexpr ByteCount stack = 4 * page_size;

struct Calls final : HostCalls {
  HostReply reply = HostReply::of(0);
  std::vector<std::uint64_t> seen;
  HostReply call(std::uint64_t, std::span<const std::uint64_t> a) override {
    seen.assign(a.begin(), a.end());
    return reply;
  }
};

struct SimTest : testing::Test {
  std::shared_ptr<Fence> fence = *open_fence({Want::sim, 2});
  SlotHandle slot = *fence->acquire(0ns);
  std::unique_ptr<GuestThread> thread = *fence->guard_thread();
  Calls calls;

  void SetUp() override { ready(); }
  void ready() { ASSERT_TRUE(slot->protect(stack_top - stack.value(), stack, Access::read_write)); }
  Result<Exit> run(SimFunction f, std::uint64_t a = 0, std::uint64_t b = 0, Nanoseconds budget = 0ns) {
    return slot->enter(*thread, {reinterpret_cast<std::uint64_t>(f), a, b, stack_top, stack, budget}, calls);
  }
  Ending ending(SimFunction f, std::uint64_t a = 0, std::uint64_t b = 0, Nanoseconds budget = 0ns) {
    const auto e = run(f, a, b, budget);
    const bool clean = e->ending == Ending::returned || e->ending == Ending::left;
    EXPECT_EQ(slot->poisoned(), !clean);
    if (!clean) {
      EXPECT_EQ(run(f).error().code, writ::Code::poisoned);
      EXPECT_TRUE(slot->rebuild());
      ready();
    }
    return e->ending;
  }
};

void nothing(SimGuest&, std::uint64_t, std::uint64_t) {}
void load(SimGuest& g, std::uint64_t at, std::uint64_t) { (void)g.load(at); }
void store(SimGuest& g, std::uint64_t at, std::uint64_t value) { g.store(at, static_cast<std::uint8_t>(value)); }
void spin(SimGuest& g, std::uint64_t, std::uint64_t) { g.spin(); }
void call(SimGuest& g, std::uint64_t at, std::uint64_t) { (void)g.call(1, at); }
void system_call(SimGuest& g, std::uint64_t, std::uint64_t) { g.system_call(39); }
void illegal(SimGuest& g, std::uint64_t, std::uint64_t) { g.illegal_instruction(); }
void divide(SimGuest& g, std::uint64_t, std::uint64_t) { g.divide_by_zero(); }

TEST_F(SimTest, Endings) {
  const auto base = reinterpret_cast<std::uint64_t>(slot->base());
  const std::uint64_t stack_at = base + stack_top - 64;
  EXPECT_EQ(ending(nothing), Ending::returned);
  EXPECT_EQ(ending(store, stack_at, 5), Ending::returned);
  EXPECT_EQ(ending(load, base), Ending::returned);
  EXPECT_EQ(ending(store, base), Ending::key_violation);
  EXPECT_EQ(ending(load, base + stack_top), Ending::memory_fault);
  EXPECT_EQ(ending(load, reinterpret_cast<std::uint64_t>(&calls)), Ending::key_violation);
  EXPECT_EQ(ending(system_call), Ending::forbidden_call);
  EXPECT_EQ(ending(illegal), Ending::illegal_instruction);
  EXPECT_EQ(ending(divide), Ending::arithmetic);
  EXPECT_EQ(ending(spin, 0, 0, 2ms), Ending::timed_out);
  EXPECT_EQ(ending(call, stack_at), Ending::returned);
  EXPECT_EQ(calls.seen.size(), 8u);
  for (const auto at : {stack_at + 4, stack_at + 64, base + stack_top - stack.value() - 8, std::uint64_t{0}})
    EXPECT_EQ(ending(call, at), Ending::bad_host_call) << at;
  calls.reply = HostReply::leave();
  EXPECT_EQ(ending(call, stack_at), Ending::left);
  calls.reply = HostReply::refuse();
  EXPECT_EQ(ending(call, stack_at), Ending::bad_host_call);
}

TEST_F(SimTest, NeighboursAndCancellation) {
  auto other = *fence->acquire(0ns);
  EXPECT_EQ(fence->acquire(1ms).error().code, writ::Code::exhausted);
  EXPECT_EQ(ending(load, reinterpret_cast<std::uint64_t>(other->base())), Ending::key_violation);
  auto interrupt = slot->interrupt();
  std::thread t([&] {
    std::this_thread::sleep_for(1ms);
    interrupt->cancel();
  });
  EXPECT_EQ(run(spin)->ending, Ending::cancelled);
  t.join();
  slot.reset();
  slot = *fence->acquire(0ns);
  ready();
  EXPECT_EQ(ending(nothing), Ending::returned);
}

TEST_F(SimTest, ImagesAreScannedAndSealed) {
  auto code = *fence->reserve_code(2 * page_size);
  const std::uint8_t bad[] = {0x0f, 0x01, 0xef};
  const Segment text{Segment::Kind::text, 0, page_size, std::as_bytes(std::span(bad))};
  EXPECT_EQ(code->load({&text, 1}).error().code, writ::Code::invalid);
  const Segment data{Segment::Kind::data, 4096, page_size, {}};
  ASSERT_TRUE(code->load({&data, 1}));
  const std::uint64_t at = code->base() + 4096;
  EXPECT_EQ(ending(store, at, 1), Ending::key_violation);
  EXPECT_EQ(ending(load, at), Ending::returned);
  ASSERT_TRUE(code->open_data(*slot));
  EXPECT_EQ(ending(store, at, 1), Ending::returned);
  ASSERT_TRUE(code->seal(Seal::until_unloaded));
  EXPECT_EQ(ending(store, at, 1), Ending::key_violation);
  code.reset();
  EXPECT_EQ(ending(load, at), Ending::key_violation);
}

TEST_F(SimTest, ProtectSplitsAndJoinsRanges) {
  const auto base = reinterpret_cast<std::uint64_t>(slot->base());
  const std::uint64_t at = 1ull << 30;
  ASSERT_TRUE(slot->protect(at, 8 * page_size, Access::read_write));
  ASSERT_TRUE(slot->protect(at + 2 * 4096, 2 * page_size, Access::read));
  EXPECT_EQ(ending(store, base + at + 4 * 4096), Ending::returned);
  EXPECT_EQ(ending(load, base + at + 3 * 4096), Ending::returned);
  EXPECT_EQ(ending(store, base + at + 3 * 4096), Ending::memory_fault);
}

// Whoever came first is served first, also against somebody who asks just as the slot comes back.
TEST(Pool, ServesInTheOrderOfComing) {
  const auto fence = *open_fence({Want::sim, 1});
  auto held = *fence->acquire(0ns);
  constexpr int waiting = 5;
  std::mutex mutex;
  std::vector<int> served;
  std::vector<std::thread> threads;
  for (int n = 0; n < waiting; ++n) {
    threads.emplace_back([&, n] {
      auto slot = fence->acquire(60s);
      ASSERT_TRUE(slot) << slot.error().text();
      const std::lock_guard lock(mutex);
      served.push_back(n);
    });
    const std::string text = std::to_string(n + 1) + " waited before";
    while (fence->acquire(0ns).error().what.find(text) == std::string::npos) std::this_thread::yield();
  }
  held.reset();
  for (auto& t : threads) t.join();
  EXPECT_EQ(served, (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_TRUE(fence->acquire(0ns)) << "nobody is left in the queue";
}

TEST(Pool, WhoeverStopsWaitingIsForgotten) {
  const auto fence = *open_fence({Want::sim, 1});
  auto held = *fence->acquire(0ns);
  const auto given_up = fence->acquire(1ms);
  ASSERT_FALSE(given_up);
  EXPECT_NE(given_up.error().hint.find("one guest at a time"), std::string::npos) << given_up.error().text();
  held.reset();
  EXPECT_TRUE(fence->acquire(0ns));
}

}  // namespace
}  // namespace writ::fence
