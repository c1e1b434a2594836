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
  const auto open = [&](Strength s) {
    const bool in_slot = options.signal_stack == SignalStack::slot || !machine.signal_stack_in_denied_key;
    return open_native_fence(s, options.slots, machine, s == Strength::key && in_slot ? SignalStack::slot : SignalStack::host);
  };
  if (options.signal_stack == SignalStack::host && options.want != Want::page && !machine.signal_stack_in_denied_key)
    return Error{writ::Code::unsupported, "Linux before 6.12 cannot deliver a signal to a stack in a denied key (this is " + machine.kernel + ")",
                 "fence", "let the fence choose the signal stack"};
  switch (options.want) {
    case Want::key:
      if (!machine.why_not(Strength::key).empty())
        return missing(machine, Strength::key, "`page` or `auto` takes what there is");
      return open(Strength::key);
    case Want::page:
      if (!machine.why_not(Strength::page).empty()) return missing(machine, Strength::page, {});
      return open(Strength::page);
    case Want::automatic:
    case Want::sim: break;
  }
  const auto best = machine.strongest();
  if (!best) return missing(machine, Strength::page, {});
  return open(*best);
}

}  // namespace writ::fence
