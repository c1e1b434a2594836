// WasmImage: a module ready to run. Text and constants are mapped once, sealed, and shared by all runs; everything that
// changes lies in the arena of a run.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "writ/fence/fence.h"
#include "writ/guest/guest.h"
#include "writ/guest/wasm/host.h"
#include "writ/guest/wasm/module.h"
#include "writ/guest/wasm/tier.h"
#include "writ/wire/bytes.h"

namespace writ::guest::wasm {

class WasmImage final : public Image {
 public:
  // Reads, relocates, scans and maps the image's object. `corrupt` if it is not what our linker makes; `invalid` if it
  // holds an instruction that no guest may have.
  static Result<std::shared_ptr<const WasmImage>> load(fence::Fence&, BytesView object, const DigestPair& code, Module,
                                                       std::vector<Linked>, Tier, Tool toolchain);

  const Tool& engine() const override { return engine_; }
  const Tool& toolchain() const override { return toolchain_; }
  std::optional<DigestPair> code() const override { return module_digest_; }

  const Module& module() const { return module_; }
  const std::vector<Linked>& imports() const { return imports_; }
  ByteCount state_size() const { return state_size_; }
  Tier tier() const { return tier_; }

  std::uint64_t instantiate() const { return instantiate_; }            // address of its entry
  std::optional<std::uint64_t> entry_of(std::uint32_t function) const;  // of a callable export
  // The function of the module in whose code the address lies; nothing for the runtime's own code.
  std::optional<std::uint32_t> function_at(std::uint64_t address) const;
  bool contains(std::uint64_t address) const {
    return address >= code_->base() && address - code_->base() < code_->size().value();
  }

 private:
  struct Span {
    std::uint64_t offset, end;
    std::uint32_t function;
  };
  WasmImage() = default;

  Tier tier_ = Tier::best;
  Tool engine_, toolchain_;
  DigestPair module_digest_;
  std::unique_ptr<fence::Code> code_;
  Module module_;
  std::vector<Linked> imports_;
  ByteCount state_size_;
  std::uint64_t instantiate_ = 0;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> entries_;  // function -> address, by function
  std::vector<Span> spans_;                                       // by offset
};

}  // namespace writ::guest::wasm
