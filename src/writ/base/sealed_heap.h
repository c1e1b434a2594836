// SealedHeap: memory for what decides and seldom changes. Its pages can be read and not written, except within a Change,
// which opens the pages that it needs and no others; so a stray pointer of the process's own code faults there instead of
// changing a decision. Each region has a page that nobody may touch before and behind it.
//
// mprotect(2), not a protection key: it works on every machine, and it costs a system call when something changes, none
// when it is used. It holds against mistakes; who runs code of their own choice in the process can call mprotect too.
//
// Objects in it need not be destroyed one by one if all their memory is the heap's: it goes with the heap. Small heaps
// cost two system calls in all, because their first region is handed on among the heaps of the process.
//
// Threads: any may read. One at a time may have a Change; while it lasts, its pages are writable for all.
// Memory that the system does not give ends the process, as it does for operator new.
#pragma once

#include <array>
#include <cstddef>
#include <memory_resource>
#include <utility>
#include <vector>

namespace writ {

class SealedHeap final : public std::pmr::memory_resource {
 public:
  SealedHeap() = default;
  ~SealedHeap() override;
  SealedHeap(const SealedHeap&) = delete;
  SealedHeap& operator=(const SealedHeap&) = delete;

  // Memory is allocated and given back within one. What is allocated within it is open until its end. One within another
  // ends with the other.
  class Change {
   public:
    explicit Change(SealedHeap&);
    ~Change();
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;
    // The pages of these bytes too.
    void open(const void* at, std::size_t bytes);

   private:
    SealedHeap& heap_;
    const bool is_outermost_;
  };

 private:
  struct Region {
    std::byte* begin = nullptr;
    std::size_t size = 0;
  };
  struct Free {
    Free* next;
  };
  struct Spare;
  static constexpr std::size_t classes = 64 + 5;  // of sizes: steps of 16 up to 1 KiB, then doubled up to 32 KiB

  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* at, std::size_t bytes, std::size_t alignment) override;
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }
  std::byte* from_region(std::size_t bytes);
  Region add_region(std::size_t bytes);
  void open(const std::byte* begin, const std::byte* end);

  std::vector<Region> regions_;
  std::byte *next_ = nullptr, *end_ = nullptr;  // what is left of the last region
  std::array<Free*, classes> free_{};           // the rest of each list lies in the pages themselves
  std::vector<std::pair<std::byte*, std::byte*>> open_;  // pages of the Change
  bool changing_ = false;
};

}  // namespace writ
