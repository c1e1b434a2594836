// Foundry: makes the object of a module's image for a tier, or takes it from the cache. It needs no fence: what it makes
// is checked again by whoever loads it.
//
// Threads: any, several at once; two that want the same object may both make it, to the same bytes.
#pragma once

#include <array>
#include <mutex>
#include <optional>

#include "writ/base/result.h"
#include "writ/guest/wasm/cache.h"
#include "writ/guest/wasm/module.h"
#include "writ/guest/wasm/toolchain.h"
#include "writ/guest/wasm/translate.h"

namespace writ::guest::wasm {

class Foundry {
 public:
  Foundry(Tools tools, Cache cache) : tools_(std::move(tools)), cache_(std::move(cache)) {}

  const Cache& cache() const { return cache_; }

  // As parse_module, in the words of wasm-validate if that has any.
  Result<Module> parse(BytesView code) const;
  // Looked for once a tier. `unavailable` names the tool that is missing and its package.
  Result<Toolchain> toolchain(Tier);
  // What names the object in the cache.
  static Sha256 key(const Toolchain&, const Sha256& code);

  Result<std::optional<Bytes>> find(const Sha256& key) const { return cache_.find(key); }
  // Errors as of translate(). An object that cannot be kept is given all the same: a full disk costs time, not the run.
  Result<Bytes> make(BytesView code, const Module&, const Toolchain&, const Sha256& key, const Progress& = {}) const;

 private:
  Tools tools_;
  Cache cache_;
  std::mutex mutex_;
  std::array<std::optional<Toolchain>, 2> toolchains_;  // guarded by mutex_
};

}  // namespace writ::guest::wasm
