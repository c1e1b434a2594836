// The WebAssembly engine: the guest port for core modules, over a fence, a toolchain and a cache.
//
// prepare() needs the toolchain only for modules that the cache does not have. Every run gets an arena of its own.
// Threads: as guest.h says; prepare() may be called from any thread, several at once.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "writ/fence/fence.h"
#include "writ/guest/guest.h"
#include "writ/guest/wasm/cache.h"
#include "writ/guest/wasm/host.h"
#include "writ/guest/wasm/image.h"
#include "writ/guest/wasm/toolchain.h"

namespace writ::guest::wasm {

struct Options {
  std::shared_ptr<fence::Fence> fence;
  std::string cache;                              // folder, absolute
  std::vector<HostModule> host = {wasi_module()};  // what modules can import
  Tools tools = {};
  Nanoseconds wait = std::chrono::seconds(60);    // for a free slot of the fence
};

// `unsupported` if the fence or the processor cannot run translated code; `denied` for an unsafe cache folder.
Result<std::unique_ptr<Engine>> open_engine(Options);

}  // namespace writ::guest::wasm
