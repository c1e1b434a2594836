// Writ's own imports, module "writ" (docs/guest-abi.md): effects of kinds that the operator declared.
#include <array>

#include "writ/guest/wasm/host.h"
#include "writ/guest/wasm/wasi_abi.h"
#include "writ/guest/wasm/wasi_memory.h"

namespace writ::guest::wasm {
namespace {

using wasi::Errno;

constexpr std::uint64_t longest_effect = 16 << 10;  // four fields and a long resource, every byte of it escaped

class WritRun final : public HostRun {
 public:
  explicit WritRun(Call& c) : session_(c.session) {}

  // perform(text, length)
  std::optional<std::uint64_t> call(std::size_t, std::span<std::byte> memory, std::span<const std::uint64_t> words) override {
    const auto answer = perform(wasi::GuestMemory(memory), static_cast<std::uint32_t>(words[0]), static_cast<std::uint32_t>(words[1]));
    const auto& monitor = session_.monitor();
    if (monitor.must_end()) end_ = Outcome{monitor.ended_by_denial() ? End::denied : End::trapped, 0, monitor.end_reason(), {}};
    if (end_) return std::nullopt;
    return static_cast<std::uint64_t>(answer);
  }
  std::optional<Outcome> end() const override { return end_; }

 private:
  Errno perform(const wasi::GuestMemory& memory, std::uint32_t at, std::uint32_t length) {
    if (!memory.contains(at, length)) return Errno::fault;
    if (length > longest_effect) return Errno::inval;
    const auto bytes = memory.at(at, length);
    const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());  // copied once, then looked at
    const auto done = session_.perform_own(text);
    if (done) return Errno::success;
    return done.error().code == Code::invalid ? Errno::inval : Errno::acces;
  }

  gate::Session& session_;
  std::optional<Outcome> end_;
};

}  // namespace

HostModule writ_module() {
  return {"writ", {{"perform", "ii", "i"}}, [](Call& c) { return std::make_unique<WritRun>(c); }};
}

}  // namespace writ::guest::wasm
