#include "writ/guest/wasm/trap.h"

#include <fmt/format.h>

#include <array>

#include "writ/base/assert.h"

namespace writ::guest::wasm {

std::string_view trap_name(std::uint64_t code) {
  static constexpr std::array<std::string_view, 9> names{
      "trap", "out of bounds memory or table access", "integer overflow", "integer divide by zero", "invalid conversion to integer",
      "unreachable", "indirect call type mismatch", "uncaught exception", "call stack exhausted"};
  return code < names.size() ? names[code] : "unknown trap";
}

std::string function_name(const WasmImage& image, std::uint64_t address) {
  const auto f = image.function_at(address);
  return f ? image.module().describe(*f) : std::string();
}

namespace {

std::string reason_of_fault(const fence::Exit& e, const memory::Arena& arena) {
  using memory::Region;
  switch (e.offset ? arena.region_of(*e.offset) : Region::nowhere) {
    case Region::stack_guard: return "call stack exhausted";
    case Region::memory:
    case Region::memory_guard: return "out of bounds memory access";
    case Region::header:
    case Region::stack:
    case Region::state:
    case Region::nowhere: return fmt::format("access outside of its memory, at {:#x}", e.address);
  }
  std::unreachable();
}

}  // namespace

Outcome outcome_of(const fence::Exit& e, const WasmImage& image, const memory::Arena& arena) {
  const auto trapped = [&](std::string reason) {
    return Outcome{End::trapped, 0, std::move(reason), function_name(image, e.instruction)};
  };
  switch (e.ending) {
    case fence::Ending::timed_out: return {End::timed_out, 0, "out of time", function_name(image, e.instruction)};
    case fence::Ending::cancelled: return {End::cancelled, 0, "cancelled", function_name(image, e.instruction)};
    case fence::Ending::memory_fault: return trapped(reason_of_fault(e, arena));
    case fence::Ending::key_violation: return trapped(fmt::format("access to memory of others, at {:#x}", e.address));
    case fence::Ending::forbidden_call: return trapped(fmt::format("system call {}", e.detail));
    case fence::Ending::illegal_instruction: return trapped("forbidden instruction");
    case fence::Ending::arithmetic: return trapped("arithmetic fault");
    case fence::Ending::bad_host_call: return trapped("malformed host call");
    case fence::Ending::returned:
    case fence::Ending::left: break;
  }
  WRIT_ASSERT(e.ending != fence::Ending::returned && e.ending != fence::Ending::left);
  std::unreachable();
}

}  // namespace writ::guest::wasm
