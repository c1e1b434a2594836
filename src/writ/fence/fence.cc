#include "writ/fence/fence.h"

#include "writ/fence/native_fence.h"
#include "writ/fence/sim.h"

namespace writ::fence {

std::string_view name(Strength s) {
  switch (s) {
    case Strength::key: return "key";
    case Strength::page: return "page";
    case Strength::sim: return "sim";
  }
  std::unreachable();
}

std::string_view name(Ending e) {
  switch (e) {
    case Ending::returned: return "returned";
    case Ending::left: return "left";
    case Ending::timed_out: return "timed out";
    case Ending::cancelled: return "cancelled";
    case Ending::memory_fault: return "memory fault";
    case Ending::key_violation: return "key violation";
    case Ending::forbidden_call: return "forbidden system call";
    case Ending::illegal_instruction: return "illegal instruction";
    case Ending::arithmetic: return "arithmetic fault";
    case Ending::bad_host_call: return "bad host call";
  }
  std::unreachable();
}

namespace {
Error missing(const Machine& machine, Strength s, std::string hint) {
  return {writ::Code::unsupported, machine.why_not(s), "fence " + std::string(name(s)), std::move(hint)};
}
}  // namespace

Result<std::shared_ptr<Fence>> open_fence(const Options& options) {
  if (options.want == Want::sim) return open_sim_fence(options.slots);
  if (native_fence_lives())
    return Error{writ::Code::conflict, "this process has a fence already", "fence", "share it"};
  const Machine machine = probe_machine();
  switch (options.want) {
    case Want::key:
      if (!machine.why_not(Strength::key).empty())
        return missing(machine, Strength::key, "`page` or `auto` takes what there is");
      return open_native_fence(Strength::key, options.slots, machine);
    case Want::page:
      if (!machine.why_not(Strength::page).empty()) return missing(machine, Strength::page, {});
      return open_native_fence(Strength::page, options.slots, machine);
    case Want::automatic:
    case Want::sim: break;
  }
  const auto best = machine.strongest();
  if (!best) return missing(machine, Strength::page, {});
  return open_native_fence(*best, options.slots, machine);
}

}  // namespace writ::fence
