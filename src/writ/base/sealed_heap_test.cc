#include "writ/base/sealed_heap.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace writ {
namespace {

// Whether writing a byte there ends a process.
bool faults(const void* at) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto* p = const_cast<volatile std::byte*>(static_cast<const std::byte*>(at));
    *p = *p;
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) || WEXITSTATUS(status) != 0;
}

TEST(SealedHeap, IsWrittenWithinAChangeAlone) {
  SealedHeap heap;
  std::pmr::vector<std::pmr::string> names(&heap);
  EXPECT_TRUE(heap.is_equal(heap));
  {
    SealedHeap::Change change(heap);
    names.emplace_back("a name that is too long to lie in the string itself");
    EXPECT_FALSE(faults(names.data()));
  }
  EXPECT_TRUE(faults(names.data()));
  EXPECT_TRUE(faults(names.front().data()));
  {
    SealedHeap::Change change(heap);
    EXPECT_TRUE(faults(names.data())) << "only what was asked for";
    change.open(names.data(), sizeof names.front());
    EXPECT_FALSE(faults(names.data()));
  }
  EXPECT_TRUE(faults(names.data()));
  SealedHeap::Change change(heap);
  names = std::pmr::vector<std::pmr::string>(&heap);
}

TEST(SealedHeap, OpensPagesAndNoMore) {
  SealedHeap heap;
  std::byte *one = nullptr, *other = nullptr;
  {
    SealedHeap::Change change(heap);
    one = static_cast<std::byte*>(heap.allocate(16384, 16));
    other = static_cast<std::byte*>(heap.allocate(16384, 16));
  }
  SealedHeap::Change change(heap);
  change.open(one, 1);
  EXPECT_FALSE(faults(one));
  EXPECT_TRUE(faults(one + 4096));
  change.open(one, 8192);  // overlaps what is open
  EXPECT_FALSE(faults(one + 4096));
  EXPECT_TRUE(faults(other + 8192));
}

TEST(SealedHeap, HasGuardsAroundEachRegion) {
  SealedHeap heap;
  SealedHeap::Change change(heap);
  constexpr std::size_t large = 1 << 20;
  auto* p = static_cast<std::byte*>(heap.allocate(large, 16));
  EXPECT_FALSE(faults(p + large - 1));
  EXPECT_TRUE(faults(p - 1));
  EXPECT_TRUE(faults(p + large));
  heap.deallocate(p, large, 16);
}

// What is given back is used again, and nothing overlaps.
TEST(SealedHeap, AllocatesLikeAHeap) {
  SealedHeap heap;
  std::mt19937 random(7);
  struct Block {
    unsigned char* at;
    std::size_t size, alignment;
    unsigned char mark;
  };
  std::vector<Block> blocks;
  for (int round = 0; round < 20'000; ++round) {
    SealedHeap::Change change(heap);
    if (blocks.size() < 200 || random() % 2 == 0) {
      const std::size_t size = 1 + random() % (random() % 50 == 0 ? 60'000 : 700), alignment = std::size_t{1} << random() % 7;
      Block b{static_cast<unsigned char*>(heap.allocate(size, alignment)), size, alignment, static_cast<unsigned char>(random())};
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(b.at) % alignment, 0u);
      std::memset(b.at, b.mark, size);
      blocks.push_back(b);
    } else {
      std::swap(blocks[random() % blocks.size()], blocks.back());
      const Block b = blocks.back();
      blocks.pop_back();
      for (std::size_t i = 0; i < b.size; ++i) ASSERT_EQ(b.at[i], b.mark);
      heap.deallocate(b.at, b.size, b.alignment);
    }
  }
}

TEST(SealedHeap, ARegionThatIsHandedOnIsSealedAgain) {
  for (int i = 0; i < 40; ++i) {
    SealedHeap heap;
    void* p = nullptr;
    {
      SealedHeap::Change change(heap);
      p = heap.allocate(100, 8);
    }
    ASSERT_TRUE(faults(p));
  }
}

}  // namespace
}  // namespace writ
