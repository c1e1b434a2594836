// Host functions: what a WebAssembly module can import, as tables by module name.
//
// The engine matches a module's imports against the tables when the module is loaded, so that a wrong name or signature
// is an error of the module and no surprise at run time. What a table remembers of one run lives in its HostRun.
//
// Words are the guest's numbers, tainted: i32 and f32 in the low half, floats as their bits. `memory` is the guest's
// linear memory as it is during this call, empty if it has none; every address is to be checked against it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "writ/guest/guest.h"
#include "writ/guest/wasm/module.h"

namespace writ::guest::wasm {

// Types as letters: i = i32, I = i64, f = f32, F = f64. At most 12 parameters and one result.
struct HostFunction {
  std::string_view name;
  std::string_view parameters;
  std::string_view results;
};

// One run's side of one table. Threads: the guest's.
class HostRun {
 public:
  virtual ~HostRun() = default;
  // The value for the guest, or nothing: then the guest does not go on, and end() says why.
  virtual std::optional<std::uint64_t> call(std::size_t function, std::span<std::byte> memory,
                                            std::span<const std::uint64_t> words) = 0;
  virtual std::optional<Outcome> end() const = 0;
};

struct HostModule {
  std::string_view name;  // "wasi_snapshot_preview1"
  std::vector<HostFunction> functions;
  std::function<std::unique_ptr<HostRun>(Call&)> start;
};

// WASI preview 1 over the session of the call.
HostModule wasi_module();
// Effects of one's own over the same session.
HostModule writ_module();

// An import found in the tables, by their order.
struct Linked {
  std::size_t module = 0, function = 0;
  std::size_t parameters = 0;
};

// All imports of the module, in its order. `invalid` for the first that no table has (naming the nearest that exists) or
// that has another signature (naming both).
Result<std::vector<Linked>> link_imports(const Module&, std::span<const HostModule>);

}  // namespace writ::guest::wasm
