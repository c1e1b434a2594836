#include "writ/guest/wasm/foundry.h"

#include "writ/guest/wasm/wasm_validate.h"

namespace writ::guest::wasm {

Result<Module> Foundry::parse(BytesView code) const {
  auto module = parse_module(code);
  if (module || !module.error().what.starts_with("malformed")) return module;
  return in_words_of_wasm_validate(module.error(), code, tools_.validator, cache_.folder());
}

Result<Toolchain> Foundry::toolchain(Tier tier) {
  const std::lock_guard lock(mutex_);
  auto& known = toolchains_[static_cast<std::size_t>(tier)];
  if (!known) {
    WRIT_TRY(Toolchain found, find_toolchain(tools_, tier, cache_));
    known = std::move(found);
  }
  return *known;
}

Sha256 Foundry::key(const Toolchain& chain, const Sha256& code) {
  return sha256_of_parts({as_bytes(chain.tool.name), chain.tool.digest.sha256.view(), code.view()});
}

Result<Bytes> Foundry::make(BytesView code, const Module& module, const Toolchain& chain, const Sha256& key,
                            const Progress& progress) const {
  WRIT_TRY(Bytes made, translate(code, module, chain, cache_.folder(), progress));
  (void)cache_.store(key, made);
  return made;
}

}  // namespace writ::guest::wasm
