#include "writ/fence/native_code.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "writ/base/assert.h"
#include "writ/fence/native_slot.h"
#include "writ/fence/native_state.h"
#include "writ/fence/scan.h"

namespace writ::fence {
namespace {
constexpr std::size_t page = page_size.value();
constexpr ByteCount largest_image = GiB;
}  // namespace

NativeCode::NativeCode(std::byte* mapping, ByteCount size, int shared_key, const Machine& machine,
                       std::shared_ptr<void> owner)
    : owner_(std::move(owner)),
      mapping_(mapping),
      base_(mapping + page),
      size_(size),
      shared_key_(shared_key),
      mseal_(machine.mseal) {}

Result<std::unique_ptr<NativeCode>> NativeCode::reserve(ByteCount size, int shared_key, const Machine& machine,
                                                        std::shared_ptr<void> owner) {
  if (size.value() == 0 || size.value() % page || size > largest_image)
    return invalid(fmt::format("an image of {} bytes", size.value()), "image", "whole pages, at most 1 GiB");
  void* p = mmap(nullptr, size.value() + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) return system_error(errno, "cannot reserve memory for an image", "image");
  if (shared_key >= 0) writ_fence_open_keys();
  return std::unique_ptr<NativeCode>(
      new NativeCode(static_cast<std::byte*>(p), size, shared_key, machine, std::move(owner)));
}

NativeCode::~NativeCode() {
  if (state_ != State::sealed_for_ever) munmap(mapping_, size_.value() + 2 * page);
}

Result<std::vector<NativeCode::Range>> NativeCode::plan(std::span<const Segment> segments) const {
  std::vector<Range> ranges;
  for (const Segment& s : segments) {
    const auto where = fmt::format("segment at {:#x}", s.offset);
    if (s.offset % page || s.size.value() % page || s.offset > size_.value() ||
        s.size.value() > size_.value() - s.offset)
      return invalid("a segment is not made of whole pages of the image", where);
    if (s.bytes.size() > s.size.value()) return invalid("a segment has more bytes than its size", where);
    if (s.size.value()) ranges.push_back({base_ + s.offset, s.size.value(), s.kind});
  }
  std::ranges::sort(ranges, {}, &Range::at);
  for (std::size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i - 1].at + ranges[i - 1].size > ranges[i].at)
      return invalid("two segments overlap", fmt::format("segment at {:#x}", ranges[i].at - base_));
  return ranges;
}

// Neighbouring text segments are one stretch: an instruction may cross their seam.
Result<void> NativeCode::scan_text(std::span<const Range> ranges) const {
  for (std::size_t i = 0; i < ranges.size();) {
    if (ranges[i].kind != Segment::Kind::text) {
      ++i;
      continue;
    }
    std::byte* const begin = ranges[i].at;
    std::byte* end = begin;
    for (; i < ranges.size() && ranges[i].kind == Segment::Kind::text && (ranges[i].at == end || end == begin); ++i)
      end = ranges[i].at + ranges[i].size;
    if (const auto hit = first_forbidden({begin, end}))
      return invalid(fmt::format("the image contains {} at text offset {:#x}", name(hit->what),
                                 static_cast<std::size_t>(begin - base_) + hit->offset),
                     "image", "no guest may have the means to open its own fence");
  }
  return {};
}

Result<void> NativeCode::protect(const Range& r, int prot, int key) const {
  const bool tagged = shared_key_ >= 0 && r.kind != Segment::Kind::text;
  const long e = tagged ? syscall(SYS_pkey_mprotect, r.at, r.size, prot, key) : mprotect(r.at, r.size, prot);
  if (e) return system_error(errno, "cannot protect an image", "image");
  return {};
}

void NativeCode::forget() {
  const auto n = size_.value() + 2 * page;
  WRIT_ASSERT(mmap(mapping_, n, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) ==
              mapping_);
}

Result<void> NativeCode::load(std::span<const Segment> segments) {
  if (state_ != State::reserved) return invalid("the image is loaded already", "image");
  WRIT_TRY(auto ranges, plan(segments));
  const auto fill = [&]() -> Result<void> {
    for (const Segment& s : segments) {
      if (mprotect(base_ + s.offset, s.size.value(), PROT_READ | PROT_WRITE))
        return system_error(errno, "cannot map an image", "image");
      if (!s.bytes.empty()) std::memcpy(base_ + s.offset, s.bytes.data(), s.bytes.size());
    }
    for (const Range& r : ranges)  // read-only before the scan: what was scanned is what runs
      if (mprotect(r.at, r.size, PROT_READ)) return system_error(errno, "cannot protect an image", "image");
    WRIT_CHECK(scan_text(ranges));
    for (const Range& r : ranges)
      WRIT_CHECK(protect(r, r.kind == Segment::Kind::text ? PROT_READ | PROT_EXEC : PROT_READ, shared_key_));
    return {};
  };
  if (auto r = fill(); !r) {
    forget();
    return r;
  }
  ranges_ = std::move(ranges);
  state_ = State::loaded;
  return {};
}

Result<void> NativeCode::open_data(Slot& slot) {
  if (state_ != State::loaded) return invalid("an image is initialised once, between load and seal", "image");
  const int key = static_cast<NativeSlot&>(slot).keys().own;
  for (const Range& r : ranges_)
    if (r.kind == Segment::Kind::data) WRIT_CHECK(protect(r, PROT_READ | PROT_WRITE, key));
  state_ = State::initialising;
  return {};
}

Result<void> NativeCode::seal(Seal how) {
  if (state_ != State::loaded && state_ != State::initialising)
    return invalid("an image is sealed once, after load", "image");
  for (const Range& r : ranges_)
    if (r.kind == Segment::Kind::data) WRIT_CHECK(protect(r, PROT_READ, shared_key_));
  state_ = State::sealed;
  constexpr long mseal_number = 462;
  if (how == Seal::for_ever && mseal_ && syscall(mseal_number, mapping_, size_.value() + 2 * page, 0ul) == 0)
    state_ = State::sealed_for_ever;
  return {};
}

}  // namespace writ::fence
