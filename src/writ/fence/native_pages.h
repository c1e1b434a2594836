// What of a slot its holder has made accessible, and what of it is left for the next one.
//
// Mapping 16 GiB anew for each holder costs more than most of them run, and every page comes back through a fault. So what
// a well-behaved holder leaves is wiped in place: pages that it touched are overwritten with zeros as long as they are few,
// and given back to the kernel otherwise. Ranges then keep their access until the next holder either asks for the same
// ones, which costs nothing, or enters: what it has not asked for by then is closed.
//
// Which pages were touched the kernel says (mincore), and it is not trusted with that: where it knows none, they are given
// back, so that a page in swap is not forgotten.
//
// Threads: one at a time, the holder's or the pool's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "writ/base/result.h"
#include "writ/fence/fence.h"

namespace writ::fence {

class NativePages {
 public:
  // Wiped in place up to here, in all. A page is overwritten in a tenth of the time that it takes to come back through a
  // fault, so the limit is what a slot may keep that nobody is in.
  static constexpr std::uint64_t resident_limit = 4 * 1024 * 1024;

  // Everything is inaccessible and empty, as after a new mapping.
  void start(std::byte* base);
  // The range is known to be valid.
  Result<void> protect(std::uint64_t offset, std::uint64_t size, Access);
  // Before a guest runs: nothing is accessible that this holder did not ask for.
  Result<void> close_kept();
  // When the holder is gone. `unavailable` if it has to be mapped anew: then nothing here is to be relied upon.
  Result<void> wipe();

 private:
  struct Range {
    std::uint64_t begin, end;
  };
  static void cut(std::vector<Range>&, Range);
  void hold(Range);
  bool wipe(Range, std::uint64_t& budget) const;

  std::byte* base_ = nullptr;
  std::vector<Range> held_, kept_;  // read and write
  bool plain_ = true;               // the holder has only ever opened
};

}  // namespace writ::fence
