// WASI preview 1 as one of the tables of the engine.
#include "writ/guest/wasm/host.h"
#include "writ/guest/wasm/wasi_functions.h"
#include "writ/guest/wasm/wasi_guest.h"

namespace writ::guest::wasm {
namespace {

class WasiRun final : public HostRun {
 public:
  explicit WasiRun(Call& c) : guest_({c.session, c.stdio, c.cancellation, c.arguments, c.limits}) {}
  std::optional<std::uint64_t> call(std::size_t function, std::span<std::byte> memory,
                                    std::span<const std::uint64_t> words) override {
    return guest_.call(function, wasi::GuestMemory(memory), words);
  }
  std::optional<Outcome> end() const override { return guest_.end(); }

 private:
  wasi::WasiGuest guest_;
};

}  // namespace

HostModule wasi_module() {
  HostModule m{wasi::module_name, {}, [](Call& c) { return std::make_unique<WasiRun>(c); }};
  for (const wasi::Function& f : wasi::functions()) m.functions.push_back({f.name, f.parameters, f.results});
  return m;
}

}  // namespace writ::guest::wasm
