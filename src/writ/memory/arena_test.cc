// Arena arithmetic and ledger on the simulated fence, so that it runs under sanitizers too.
#include "writ/memory/arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "writ/fence/sim.h"

namespace writ::memory {
namespace {

struct NoCalls final : fence::HostCalls {
  fence::HostReply call(std::uint64_t, std::span<const std::uint64_t>) override { return fence::HostReply::refuse(); }
};

class ArenaTest : public testing::Test {
 protected:
  Arena open(const ArenaLimits& limits) { return std::move(*Arena::open(*fence->acquire(Nanoseconds(0)), limits)); }
  std::shared_ptr<fence::Fence> fence = *fence::open_sim_fence(3);
};

GuestAddress at(std::uint32_t a) { return GuestAddress(a); }
GuestLength n(std::uint32_t l) { return GuestLength(l); }

TEST_F(ArenaTest, CommitsAndGrowsUpToTheLimit) {
  Arena a = open({.memory = 4 * ByteCount(65536) + ByteCount(65535)});
  EXPECT_EQ(a.max_pages(), WasmPageCount(4));
  EXPECT_EQ(a.size(), ByteCount(0));
  ASSERT_TRUE(a.commit(WasmPageCount(1)));
  EXPECT_FALSE(a.commit(WasmPageCount(1)));
  EXPECT_EQ(*a.grow(WasmPageCount(2)), WasmPageCount(1));
  EXPECT_EQ(*a.grow(WasmPageCount(0)), WasmPageCount(3));
  const auto before = a.ledger();
  for (const std::uint64_t more : {2ull, 65536ull, ~0ull, ~0ull - 2, 1ull << 48}) {
    EXPECT_EQ(a.grow(WasmPageCount(more)).error().code, Code::exhausted) << more;
    EXPECT_EQ(a.ledger(), before);
    EXPECT_EQ(a.pages(), WasmPageCount(3));
  }
  EXPECT_EQ(*a.grow(WasmPageCount(1)), WasmPageCount(3));
}

TEST_F(ArenaTest, NeverMoreThanTheSizeFitsIn32Bits) {
  Arena a = open({.memory = 64 * GiB});
  EXPECT_EQ(a.max_pages(), WasmPageCount(ARENA_MEMORY_PAGES_MAX));
  ASSERT_TRUE(a.commit(a.max_pages()));
  EXPECT_FALSE(a.grow(WasmPageCount(1)));
  EXPECT_TRUE(a.store(at(0xfffeffff - 3), std::uint32_t{7}));
  EXPECT_FALSE(a.store(at(0xffff0000), std::uint8_t{7}));
}

TEST_F(ArenaTest, LedgerIsExact) {
  Arena a = open({.memory = MiB, .stack = ByteCount(5000), .state = ByteCount(1)});
  EXPECT_EQ(a.ledger().reserved, fence::slot_size);
  EXPECT_EQ(a.ledger().committed, ByteCount(3 * 4096));
  ASSERT_TRUE(a.commit(WasmPageCount(2)));
  EXPECT_EQ(a.ledger().committed, ByteCount(3 * 4096 + 2 * 65536));
  ASSERT_TRUE(a.reset());
  EXPECT_EQ(a.ledger().committed, ByteCount(3 * 4096));
  EXPECT_EQ(a.ledger().peak, ByteCount(3 * 4096 + 2 * 65536));
}

TEST_F(ArenaTest, LimitsBeyondTheLayoutAreRefused) {
  for (const ArenaLimits l :
       {ArenaLimits{.stack = ByteCount(0)}, ArenaLimits{.stack = ByteCount(ARENA_STACK_MAX + 1)},
        ArenaLimits{.stack = ByteCount(~0ull)}, ArenaLimits{.state = ByteCount(ARENA_STATE_MAX + 1)}}) {
    const auto r = Arena::open(*fence->acquire(Nanoseconds(0)), l);
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code, Code::invalid);
  }
  EXPECT_EQ(fence->slots(), 3u);
  std::vector<fence::SlotHandle> all;
  for (int i = 0; i < 3; ++i) all.push_back(*fence->acquire(Nanoseconds(0)));  // none was lost
}

TEST_F(ArenaTest, WhatTheGuestSaysIsCheckedIn64Bits) {
  Arena a = open({});
  ASSERT_TRUE(a.commit(WasmPageCount(2)));
  const std::uint32_t end = 2 * 65536;
  EXPECT_TRUE(a.read(at(0), n(end)));
  EXPECT_TRUE(a.read(at(end), n(0)));
  EXPECT_TRUE(a.write(at(end - 1), n(1)));
  for (const auto& [address, length] : {std::pair<std::uint32_t, std::uint32_t>{0, end + 1},
                                        {end, 1},
                                        {end + 1, 0},
                                        {1, end},
                                        {0xffffffff, 1},
                                        {0xffffffff, 0xffffffff},
                                        {1, 0xffffffff},
                                        {0x80000000, 0x80000000}}) {
    const auto r = a.read(at(address), n(length));
    ASSERT_FALSE(r) << address << ' ' << length;
    EXPECT_EQ(r.error().code, Code::invalid);
    EXPECT_FALSE(a.write(at(address), n(length)));
    EXPECT_FALSE(a.text(at(address), n(length)));
    EXPECT_FALSE(a.contains(at(address), n(length)));
  }
  EXPECT_FALSE(a.load<std::uint64_t>(at(end - 7)));
  EXPECT_TRUE(a.store(at(end - 8), std::uint64_t{42}));
  EXPECT_EQ(*a.load<std::uint64_t>(at(end - 8)), 42u);
  ASSERT_TRUE(a.store(at(3), 'x'));
  EXPECT_EQ(*a.text(at(2), n(3)), std::string("\0x\0", 3));
}

TEST_F(ArenaTest, NewAndResetMemoryIsZero) {
  Arena a = open({});
  const auto all_zero = [&] {
    const auto m = *a.read(at(0), n(static_cast<std::uint32_t>(a.size().value())));
    return std::ranges::all_of(m, [](std::byte b) { return b == std::byte{}; }) &&
           std::ranges::all_of(a.state(), [](std::byte b) { return b == std::byte{}; });
  };
  ASSERT_TRUE(a.commit(WasmPageCount(2)));
  EXPECT_TRUE(all_zero());
  ASSERT_TRUE(a.store(at(70000), 5));
  a.state()[9] = std::byte{1};
  ASSERT_TRUE(a.reset());
  EXPECT_EQ(a.pages(), WasmPageCount(0));
  EXPECT_FALSE(a.load<int>(at(0)));
  ASSERT_TRUE(a.commit(WasmPageCount(2)));
  EXPECT_TRUE(all_zero());
}

TEST_F(ArenaTest, FaultsHaveARegion) {
  Arena a = open({.memory = MiB, .stack = MiB, .state = MiB});
  ASSERT_TRUE(a.commit(WasmPageCount(1)));
  const auto r = [&](std::uint64_t o) { return a.region_of(o); };
  EXPECT_EQ(r(0), Region::header);
  EXPECT_EQ(r(4096), Region::stack_guard);
  EXPECT_EQ(r(ARENA_STACK_TOP - MiB.value() - 1), Region::stack_guard);
  EXPECT_EQ(r(ARENA_STACK_TOP - MiB.value()), Region::stack);
  EXPECT_EQ(r(ARENA_STACK_TOP), Region::state);
  EXPECT_EQ(r(ARENA_STATE + MiB.value()), Region::nowhere);
  EXPECT_EQ(r(ARENA_MEMORY), Region::memory);
  EXPECT_EQ(r(ARENA_MEMORY + 65536), Region::memory_guard);
  EXPECT_EQ(r(ARENA_SIZE), Region::nowhere);
}

// A guest that does at random what it may and may not: the model of layout.h against the fence's.
void touch(fence::SimGuest& g, std::uint64_t offset, std::uint64_t store) {
  if (store)
    g.store(g.base() + offset, 1);
  else
    (void)g.load(g.base() + offset);
}

TEST_F(ArenaTest, TheGuestReachesExactlyWhatIsCommitted) {
  std::mt19937_64 random(4);
  auto thread = *fence->guard_thread();
  NoCalls calls;
  Arena a = open({.memory = 8 * MiB});
  ASSERT_TRUE(a.commit(WasmPageCount(1)));
  for (int i = 0; i < 2000; ++i) {
    if (i % 100 == 99) (void)a.grow(WasmPageCount(random() % 20));
    const std::uint64_t edges[] = {0,
                                   4096,
                                   ARENA_STACK_TOP - ARENA_STACK,
                                   ARENA_STACK_TOP,
                                   ARENA_STATE + (4ull << 20),
                                   ARENA_MEMORY,
                                   ARENA_MEMORY + a.size().value(),
                                   ARENA_SIZE - 1,
                                   random() % ARENA_SIZE};
    const std::uint64_t edge = edges[random() % std::size(edges)],
                        offset =
                            std::min<std::uint64_t>(edge + random() % 3 - (edge ? random() % 3 : 0), ARENA_SIZE - 1);
    const bool store = random() % 2;
    const auto e = *a.enter(*thread, reinterpret_cast<std::uint64_t>(&touch), offset, store, Nanoseconds(0), calls);
    const Region r = a.region_of(offset);
    const bool allowed =
        r == Region::stack || r == Region::state || r == Region::memory || (r == Region::header && !store);
    EXPECT_EQ(e.ending == fence::Ending::returned, allowed) << offset << ' ' << name(r);
    if (allowed) continue;
    EXPECT_EQ(e.offset, offset);
    ASSERT_TRUE(a.reset());
    ASSERT_TRUE(a.commit(WasmPageCount(1)));
  }
}

}  // namespace
}  // namespace writ::memory
