// The fence as a software model: what a guest may touch and how its stay ends, worked out in plain C++ with no help of the
// CPU. The oracle of the tests, and the only fence that runs under sanitizers. It stops nothing: guests are functions of
// the host that behave as told through SimGuest.
#pragma once

#include <cstdint>

#include "writ/fence/fence.h"

namespace writ::fence {

// What a simulated guest can do. Every operation may not return: the stay ends there, without destructors being skipped
// (an exception that only the simulated gate catches).
class SimGuest {
 public:
  virtual ~SimGuest() = default;
  virtual std::uint64_t base() const = 0;  // of its slot, as a guest finds it
  virtual std::uint8_t load(std::uint64_t address) = 0;
  virtual void store(std::uint64_t address, std::uint8_t value) = 0;
  // A host call whose arguments start at an address.
  virtual std::uint64_t call(std::uint64_t index, std::uint64_t arguments) = 0;
  virtual void system_call(int number) = 0;
  virtual void illegal_instruction() = 0;
  virtual void divide_by_zero() = 0;
  virtual void spin() = 0;  // for ever
};

// Entry::function is the address of one of these.
using SimFunction = void (*)(SimGuest&, std::uint64_t, std::uint64_t);

Result<std::shared_ptr<Fence>> open_sim_fence(std::size_t slots);

}  // namespace writ::fence
