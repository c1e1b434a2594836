#include "writ/base/sealed_heap.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>

#include "writ/base/assert.h"

namespace writ {
namespace {

constexpr std::size_t page = 4096, first_region = 64 << 10, largest_step = 4 << 20, own_region = 32 << 10;
constexpr std::size_t small = 1024, step = 16;

constexpr std::size_t up(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }
std::byte* page_of(const std::byte* p) { return reinterpret_cast<std::byte*>(reinterpret_cast<std::uintptr_t>(p) & ~(page - 1)); }

struct Class {
  std::size_t index, size;
};
Class class_of(std::size_t bytes) {
  if (bytes <= small) return {(std::max(bytes, std::size_t{1}) - 1) / step, up(std::max(bytes, std::size_t{1}), step)};
  const std::size_t size = std::bit_ceil(bytes);
  return {small / step + static_cast<std::size_t>(std::countr_zero(size)) - 11, size};
}

// What decides must not stay writable, nor can it stay unwritten: where the kernel refuses (it is out of memory, or of
// mappings) the process ends, as one that is killed does, with the status for what is not available.
[[noreturn]] void refused(const char* call) {
  std::fprintf(stderr, "writ: the kernel does not seal memory: %s (%s); it is out of memory or of mappings (vm.max_map_count)\n",
               std::strerror(errno), call);
  std::_Exit(69);
}

void protect(std::byte* begin, std::byte* end, int protection) {
  if (::mprotect(begin, static_cast<std::size_t>(end - begin), protection) != 0) refused("mprotect");
}

std::byte* map(std::size_t size) {
  void* at = ::mmap(nullptr, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) refused("mmap");
  auto* begin = static_cast<std::byte*>(at) + page;
  protect(begin, begin + size, PROT_READ | PROT_WRITE);
  return begin;
}

void unmap(std::byte* begin, std::size_t size) { ::munmap(begin - page, size + 2 * page); }

}  // namespace

// First regions that no heap has: writable, and holding nothing that decides. Never destroyed: heaps end when they like.
struct SealedHeap::Spare {
  static constexpr std::size_t most = 16;
  std::mutex mutex;
  std::vector<std::byte*> regions;

  static Spare& all() {
    static Spare& spare = *new Spare;
    return spare;
  }
  std::byte* take() {
    {
      const std::lock_guard lock(mutex);
      if (!regions.empty()) {
        std::byte* r = regions.back();
        regions.pop_back();
        return r;
      }
    }
    return map(first_region);
  }
  void give(std::byte* region) {
    protect(region, region + first_region, PROT_READ | PROT_WRITE);
    const std::lock_guard lock(mutex);
    if (regions.size() < most) regions.push_back(region);
    else unmap(region, first_region);
  }
};

SealedHeap::~SealedHeap() {
  for (const Region& r : regions_) {
    if (r.size == first_region) Spare::all().give(r.begin);
    else unmap(r.begin, r.size);
  }
}

SealedHeap::Change::Change(SealedHeap& heap) : heap_(heap), is_outermost_(!std::exchange(heap.changing_, true)) {}

SealedHeap::Change::~Change() {
  if (!is_outermost_) return;
  for (const auto& [begin, end] : heap_.open_) protect(begin, end, PROT_READ);
  heap_.open_.clear();
  heap_.changing_ = false;
}

void SealedHeap::Change::open(const void* at, std::size_t bytes) {
  const auto* begin = static_cast<const std::byte*>(at);
  heap_.open(begin, begin + bytes);
}

void SealedHeap::open(const std::byte* begin, const std::byte* end) {
  WRIT_ASSERT(changing_);
  std::byte *from = page_of(begin), *to = page_of(end + page - 1);
  for (const auto& [b, e] : open_) {
    if (b <= from && from < e) from = std::min(e, to);
    if (b < to && to <= e) to = std::max(b, from);
  }
  if (from >= to) return;
  protect(from, to, PROT_READ | PROT_WRITE);
  open_.emplace_back(from, to);
}

SealedHeap::Region SealedHeap::add_region(std::size_t bytes) {
  const Region r{bytes == first_region ? Spare::all().take() : map(bytes), bytes};
  regions_.push_back(r);
  open_.emplace_back(r.begin, r.begin + bytes);  // as it came
  return r;
}

std::byte* SealedHeap::from_region(std::size_t bytes) {
  if (static_cast<std::size_t>(end_ - next_) < bytes) {
    const std::size_t size = regions_.empty() ? first_region : std::min(2 * regions_.back().size, largest_step);
    const Region r = add_region(std::max(size, first_region));
    next_ = r.begin;
    end_ = r.begin + r.size;
  }
  return std::exchange(next_, next_ + bytes);
}

void* SealedHeap::do_allocate(std::size_t bytes, std::size_t alignment) {
  WRIT_ASSERT(changing_ && alignment <= 64);
  if (bytes > own_region) return add_region(up(bytes, page)).begin;
  const Class c = class_of(std::max(bytes, alignment));
  if (alignment <= step)
    if (Free* f = free_[c.index]; f != nullptr) {
      open(reinterpret_cast<std::byte*>(f), reinterpret_cast<std::byte*>(f) + c.size);
      free_[c.index] = f->next;
      return f;
    }
  const std::size_t size = alignment > step ? c.size + alignment : c.size;
  std::byte* at = from_region(size);
  open(at, at + size);
  return reinterpret_cast<void*>(up(reinterpret_cast<std::uintptr_t>(at), alignment));
}

void SealedHeap::do_deallocate(void* at, std::size_t bytes, std::size_t alignment) {
  if (bytes > own_region) {
    const auto r = std::ranges::find(regions_, static_cast<std::byte*>(at), &Region::begin);
    WRIT_ASSERT(r != regions_.end() && changing_);
    std::erase_if(open_, [&](const auto& o) { return o.first >= r->begin && o.first < r->begin + r->size; });
    unmap(r->begin, r->size);
    regions_.erase(r);
    return;
  }
  const Class c = class_of(std::max(bytes, alignment));
  open(static_cast<std::byte*>(at), static_cast<std::byte*>(at) + sizeof(Free));
  free_[c.index] = new (at) Free{free_[c.index]};
}

}  // namespace writ
