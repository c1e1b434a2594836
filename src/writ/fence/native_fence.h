// The fence of strengths key and page: keys, gates, signal entry and the pool of slots.
#pragma once

#include <memory>

#include "writ/fence/fence.h"

namespace writ::fence {
bool native_fence_lives();  // only one may
Result<std::shared_ptr<Fence>> open_native_fence(Strength, std::size_t slots, const Machine&, SignalStack);  // host or slot
}  // namespace writ::fence
