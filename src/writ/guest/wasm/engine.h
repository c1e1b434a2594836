// The WebAssembly engine: the guest port for core modules, over a fence, a toolchain and a cache.
//
// prepare() needs the toolchain only for modules that the cache does not have. A module that is new is compiled by the fast
// tier (tier.h), if nobody insists on the best, and left for improve.h. Every run gets an arena of its own.
// Threads: as guest.h says; prepare() may be called from any thread, several at once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "writ/fence/fence.h"
#include "writ/guest/guest.h"
#include "writ/guest/wasm/host.h"
#include "writ/guest/wasm/tier.h"
#include "writ/guest/wasm/toolchain.h"

namespace writ::guest::wasm {

struct Options {
  std::shared_ptr<fence::Fence> fence;
  std::string cache;                              // folder, absolute
  std::vector<HostModule> host = {wasi_module(), writ_module()};  // what modules can import
  Tools tools = {};
  TierChoice tier = TierChoice::best;
  // Called with automatic choice, on the thread of prepare(), after a module went into the queue of improve.h and while
  // nobody works on it. Without it nothing is put there.
  std::function<void()> improve = {};
  Nanoseconds wait = std::chrono::seconds(60);    // for a free slot of the fence
};

// `unsupported` if the fence or the processor cannot run translated code; `denied` for an unsafe cache folder.
Result<std::unique_ptr<Engine>> open_engine(Options);

}  // namespace writ::guest::wasm
