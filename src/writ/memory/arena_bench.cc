// Three ways to have a slot as good as new for the next guest, and what each costs together with what it leaves to do: the
// first touches of `dirty` pages by the guest, which differ as much as the resetting does.
//
//   mapped_anew    the whole slot is mapped again and given its key; pages come back through faults
//   copy_on_write  an image of the initial memory lies in a memory file; its private mapping forgets what was written
//   in_place       what the fence does between two holders (fence/native_pages.h), then the initial memory is copied in
//
// The initial memory is 64 KiB, as a small C program has; linear memory is `pages` of 64 KiB.
#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "writ/base/fd.h"
#include "writ/memory/arena.h"

namespace writ::memory {
namespace {

constexpr std::uint64_t page = fence::page_size.value();
constexpr std::size_t initial_size = 64 * 1024;

void must(bool worked) {
  if (!worked) std::abort();
}

struct Bench {
  explicit Bench(const benchmark::State& s)
      : dirty(static_cast<std::uint64_t>(s.range(0))), size(static_cast<std::uint64_t>(s.range(1)) * ARENA_WASM_PAGE) {
    must(slot_taken());
    must(slot->protect(ARENA_MEMORY, ByteCount(size), fence::Access::read_write).has_value());
  }
  bool slot_taken() {
    auto taken = fence->acquire(Nanoseconds(0));
    if (taken) slot = std::move(*taken);
    return taken.has_value();
  }
  std::byte* memory() const { return slot->base() + ARENA_MEMORY; }
  void run() const {  // the guest, spread over its memory
    for (std::uint64_t i = 0; i < dirty; ++i) memory()[i * (size / page / dirty) * page + 8] = std::byte{1};
  }

  std::uint64_t dirty, size;
  std::shared_ptr<fence::Fence> fence = *fence::open_fence({});
  fence::SlotHandle slot;
  const std::vector<std::byte> initial = std::vector<std::byte>(initial_size, std::byte{7});
};

void mapped_anew(benchmark::State& state) {
  Bench b(state);
  for (auto _ : state) {
    must(b.slot->rebuild() && b.slot->protect(ARENA_MEMORY, ByteCount(b.size), fence::Access::read_write));
    std::memcpy(b.memory(), b.initial.data(), b.initial.size());
    b.run();
  }
}

void copy_on_write(benchmark::State& state) {
  Bench b(state);
  const Fd file(memfd_create("initial", MFD_CLOEXEC));
  must(file && ftruncate(file.get(), static_cast<off_t>(b.size)) == 0);
  must(pwrite(file.get(), b.initial.data(), b.initial.size(), 0) == static_cast<ssize_t>(b.initial.size()));
  must(mmap(b.memory(), b.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file.get(), 0) != MAP_FAILED);
  for (auto _ : state) {
    must(madvise(b.memory(), b.size, MADV_DONTNEED) == 0);
    b.run();
  }
  must(b.slot->rebuild().has_value());
}

void in_place(benchmark::State& state) {
  Bench b(state);
  for (auto _ : state) {
    b.slot.reset();
    must(b.slot_taken() && b.slot->protect(ARENA_MEMORY, ByteCount(b.size), fence::Access::read_write));
    std::memcpy(b.memory(), b.initial.data(), b.initial.size());
    b.run();
  }
}

// Pages that are written, pages of linear memory.
void sizes(benchmark::internal::Benchmark* b) {
  b->Args({4, 2})->Args({16, 2})->Args({16, 16})->Args({64, 16})->Args({256, 16})->Args({1024, 256})->Unit(benchmark::kMicrosecond);
  b->ArgNames({"dirty", "pages"});
}
BENCHMARK(mapped_anew)->Apply(sizes);
BENCHMARK(copy_on_write)->Apply(sizes);
BENCHMARK(in_place)->Apply(sizes);

}  // namespace
}  // namespace writ::memory
