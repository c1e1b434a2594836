// A slot's gate: a copy of the template that fits this CPU, with the slot's constants, sealed in executable memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "writ/base/result.h"
#include "writ/fence/fence.h"
#include "writ/fence/native_state.h"

namespace writ::fence {

// Read by native_gate.S; offsets from the start of the code.
struct GateMap {
  std::uint32_t size, call, abandon;
  std::uint32_t control[5];  // 64-bit immediates: address of the control block
  std::uint32_t pkru[4];     // 32-bit immediates: the guest's PKRU; 0 where there are no keys
  std::uint32_t writes[5];   // the WRPKRU instructions, for tests that jump there
};

struct GateTemplate {
  std::span<const std::byte> code;
  const GateMap* map = nullptr;
};
GateTemplate gate_template(Strength, Machine::Vectors);

// The gates of all slots, a page for each in one mapping: writable until seal(), then execute and read. Owns the control
// blocks, because a gate under mseal(2) stays until the process ends, and what it names must stay with it.
class GatePages {
 public:
  static Result<GatePages> reserve(std::size_t slots);
  GatePages(GatePages&& o) noexcept = default;
  GatePages& operator=(GatePages&&) = delete;
  ~GatePages();

  // Writes the gate of a slot and points its control block there; answers where it is.
  std::byte* install(std::size_t slot, const GateTemplate&, std::uint32_t guest_pkru);
  ControlBlock& control(std::size_t slot) { return controls_[slot]; }
  Result<void> seal(const Machine&);

 private:
  GatePages(std::byte* base, std::size_t slots);
  std::unique_ptr<ControlBlock[]> controls_;
  std::byte* base_ = nullptr;
  std::size_t size_ = 0;
  enum class Sealed { no, yes, for_ever } sealed_ = Sealed::no;
};

}  // namespace writ::fence
