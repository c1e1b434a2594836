// Images of modules made ahead of time, without a store, a fence or a task: what `writ build` does.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "writ/base/result.h"
#include "writ/runtime/runtime.h"

namespace writ::runtime {

struct Built {
  enum class How : std::uint8_t { made, was_there } how = How::made;
  std::string engine;  // as receipts name it
  std::string sha256;  // of the image
};

// Makes one image and keeps it in the cache (a folder, absolute). `progress` is told what is being done.
Result<Built> build(const std::string& cache, std::span<const std::byte> code, TierChoice,
                    const std::function<void(std::string_view doing)>& progress);

struct BuiltWaiting {
  std::size_t made = 0, failed = 0;
};
// Makes the best image of every module that waits in the cache, one after another, until none does; gives everything else
// on the machine the precedence. Nothing to do if somebody else is at it.
Result<BuiltWaiting> build_waiting(const std::string& cache);

// Starts `program build --waiting=CACHE`, which outlives us (supervise/detach.h).
Result<void> start_building(const std::string& program, const std::string& cache);

}  // namespace writ::runtime
