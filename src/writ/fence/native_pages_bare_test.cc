// What a slot keeps from one holder to the next (native_pages.h): nothing that a guest of the next one could see.
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>

#include "writ/base/units.h"
#include "writ/fence/fence.h"

namespace writ::fence {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t stack_top = 1ull << 31;
constexpr ByteCount stack = 16 * page_size;

struct NoCalls final : HostCalls {
  HostReply call(std::uint64_t, std::span<const std::uint64_t>) override { return HostReply::refuse(); }
};

// Machine code. rdi, rsi: the entry's arguments.
const Bytes just_return{0xc3};
const Bytes load_rdi{0x48, 0x8b, 0x07, 0xc3};   // mov rax, [rdi]; ret
const Bytes store_rdi{0x48, 0x89, 0x37, 0xc3};  // mov [rdi], rsi; ret

class NativePagesTest : public testing::Test {
 protected:
  void SetUp() override { ready(); }
  void ready() { ASSERT_TRUE(slot->protect(stack_top - stack.value(), stack, Access::read_write)); }
  std::uint64_t load(const Bytes& bytes) {
    auto code = *fence->reserve_code(page_size);
    const Segment text{Segment::Kind::text, 0, page_size, std::as_bytes(std::span(bytes))};
    EXPECT_TRUE(code->load({&text, 1}) && code->seal(Seal::until_unloaded));
    codes.push_back(std::move(code));
    return codes.back()->base();
  }
  Ending ending(const Bytes& bytes, std::uint64_t argument = 0) {
    return slot->enter(*thread, {load(bytes), argument, 7, stack_top, stack, 0ns}, calls)->ending;
  }
  std::uint64_t base() const { return reinterpret_cast<std::uint64_t>(slot->base()); }

  std::shared_ptr<Fence> fence = *open_fence({});
  std::unique_ptr<GuestThread> thread = *fence->guard_thread();
  std::vector<std::unique_ptr<Code>> codes;
  SlotHandle slot = *fence->acquire(0ns);
  NoCalls calls;
};

// What the last holder had open is closed before a guest of the next one runs, unless that holder asks for it.
TEST_F(NativePagesTest, WhatTheLastHolderHadOpenIsClosed) {
  const std::uint64_t elsewhere = stack_top + (1ull << 30), before = stack_top - stack.value() - page_size.value();
  for (const std::uint64_t offset : {elsewhere, before}) ASSERT_TRUE(slot->protect(offset, page_size, Access::read_write));
  EXPECT_EQ(ending(store_rdi, base() + elsewhere), Ending::returned);
  EXPECT_EQ(ending(store_rdi, base() + before), Ending::returned);
  for (const std::uint64_t offset : {elsewhere, before, stack_top - stack.value()}) {
    slot.reset();
    slot = *fence->acquire(0ns);
    ASSERT_TRUE(slot->protect(stack_top - page_size.value(), page_size, Access::read_write));  // less than the last one's
    const auto exit = slot->enter(*thread, {load(load_rdi), base() + offset, 7, stack_top, page_size, 0ns}, calls);
    ASSERT_TRUE(exit);
    EXPECT_TRUE(exit->ending == Ending::memory_fault || exit->ending == Ending::key_violation) << name(exit->ending);
    EXPECT_EQ(exit->offset, offset);
    ASSERT_TRUE(slot->rebuild());
    ready();
    ASSERT_TRUE(slot->protect(elsewhere, page_size, Access::read_write));
    ASSERT_TRUE(slot->protect(before, page_size, Access::read_write));
    EXPECT_EQ(ending(just_return), Ending::returned);
  }
}

// Few pages and many, in one run and in many, closed and made read-only: whatever the last holder wrote, it reads zero.
TEST_F(NativePagesTest, WhateverTheLastHolderWroteReadsZero) {
  constexpr std::uint64_t memory = 4ull << 30, size = 8ull << 20;
  using Stride = std::uint64_t;
  for (const auto& [written, stride] : {std::pair<std::uint64_t, Stride>{4096, 4096}, {40 * 4096, 4096}, {30 * 8192, 8192},
                                        {10 * 8192, 8192}, {100 * 8192, 8192}, {200 * 4096, 4096}, {size, 4096}, {size, 1 << 20}}) {
    for (const Access after : {Access::read_write, Access::read, Access::none}) {
      ASSERT_TRUE(slot->protect(memory, ByteCount(size), Access::read_write));
      for (std::uint64_t at = 0; at < written; at += stride) std::memset(slot->base() + memory + at, 0xaa, 4096);
      EXPECT_EQ(ending(just_return), Ending::returned);
      if (after != Access::read_write) { ASSERT_TRUE(slot->protect(memory, page_size, after)); }
      slot.reset();
      slot = *fence->acquire(0ns);
      ready();
      ASSERT_TRUE(slot->protect(memory, ByteCount(size), Access::read_write));
      const auto* words = reinterpret_cast<const std::uint64_t*>(slot->base() + memory);
      std::uint64_t found = 0;
      for (std::uint64_t i = 0; i < size / 8; ++i) found |= words[i];
      EXPECT_EQ(found, 0u) << written << ' ' << stride;
      EXPECT_EQ(ending(just_return), Ending::returned);
    }
  }
}

}  // namespace
}  // namespace writ::fence
