#include "writ/fence/native_pages.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace writ::fence {
namespace {

constexpr std::uint64_t page = page_size.value();
// Beyond it a range is not looked at page by page.
constexpr std::uint64_t surveyed_pages = 4096;
// Runs of touched pages in one range: each costs a system call for the gap behind it.
constexpr int runs_limit = 64;

int protection(Access a) {
  switch (a) {
    case Access::none: return PROT_NONE;
    case Access::read: return PROT_READ;
    case Access::read_write: return PROT_READ | PROT_WRITE;
  }
  std::unreachable();
}

}  // namespace

void NativePages::start(std::byte* base) {
  base_ = base;
  held_.clear();
  kept_.clear();
  plain_ = true;
}

void NativePages::cut(std::vector<Range>& ranges, Range out) {
  std::vector<Range> left;
  for (const Range& r : ranges) {
    if (r.begin < std::min(r.end, out.begin)) left.push_back({r.begin, std::min(r.end, out.begin)});
    if (std::max(r.begin, out.end) < r.end) left.push_back({std::max(r.begin, out.end), r.end});
  }
  ranges = std::move(left);
}

void NativePages::hold(Range r) {
  cut(held_, r);
  // What grows, grows at its end.
  const auto before = std::ranges::find(held_, r.begin, &Range::end);
  if (before != held_.end()) before->end = r.end;
  else held_.push_back(r);
}

Result<void> NativePages::protect(std::uint64_t offset, std::uint64_t size, Access access) {
  const Range range{offset, offset + size};
  const auto is_open = [&](const Range& k) { return k.begin <= range.begin && range.end <= k.end; };
  if (access != Access::read_write || std::ranges::none_of(kept_, is_open)) {
    if (mprotect(base_ + offset, size, protection(access))) {
      plain_ = false;  // it may have been done in part
      return system_error(errno, "cannot change access", "fence slot");
    }
  }
  if (!kept_.empty()) cut(kept_, range);
  if (access == Access::read_write) hold(range);
  else plain_ = false;
  return {};
}

Result<void> NativePages::close_kept() {
  for (const Range& k : kept_)
    if (mprotect(base_ + k.begin, k.end - k.begin, PROT_NONE)) return system_error(errno, "cannot close what is left of a slot", "fence slot");
  kept_.clear();
  return {};
}

bool NativePages::wipe(Range range, std::uint64_t& budget) const {
  const std::uint64_t pages = (range.end - range.begin) / page;
  std::byte* const at = base_ + range.begin;
  std::array<unsigned char, surveyed_pages> touched;
  const auto is_touched = [&](std::uint64_t i) { return (touched[i] & 1) != 0; };
  if (pages > surveyed_pages || mincore(at, range.end - range.begin, touched.data())) return false;
  std::uint64_t resident = 0, runs = 0;
  for (std::uint64_t i = 0; i < pages; ++i) {
    resident += is_touched(i);
    runs += is_touched(i) && (i == 0 || !is_touched(i - 1));
  }
  if (resident * page > budget || runs > runs_limit) return false;
  budget -= resident * page;
  for (std::uint64_t i = 0; i < pages;) {
    std::uint64_t end = i + 1;
    while (end < pages && is_touched(end) == is_touched(i)) ++end;
    if (is_touched(i)) std::memset(at + i * page, 0, (end - i) * page);
    else if (madvise(at + i * page, (end - i) * page, MADV_DONTNEED)) return false;
    i = end;
  }
  return true;
}

Result<void> NativePages::wipe() {
  if (!plain_) return Error{writ::Code::unavailable, "the slot has ranges that were closed", "fence slot", {}};
  std::uint64_t budget = resident_limit;
  for (const Range& r : held_)
    if (!wipe(r, budget) && madvise(base_ + r.begin, r.end - r.begin, MADV_DONTNEED))
      return Error{writ::Code::unavailable, "the kernel does not take pages back", "fence slot", {}};
  kept_.insert(kept_.end(), held_.begin(), held_.end());
  held_.clear();
  return {};
}

}  // namespace writ::fence
