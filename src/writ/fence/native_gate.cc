#include "writ/fence/native_gate.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "writ/base/assert.h"

#define WRIT_GATE(name)                                 \
  extern "C" const std::byte writ_gate_##name##_code[]; \
  extern "C" const writ::fence::GateMap writ_gate_##name##_map;
WRIT_GATE(key_sse)
WRIT_GATE(key_avx)
WRIT_GATE(key_avx512)
WRIT_GATE(page_sse)
WRIT_GATE(page_avx)
WRIT_GATE(page_avx512)
#undef WRIT_GATE

namespace writ::fence {
namespace {
GateTemplate make(const std::byte* code, const GateMap& map) { return {{code, map.size}, &map}; }
}  // namespace

GateTemplate gate_template(Strength strength, Machine::Vectors vectors) {
  WRIT_ASSERT(strength != Strength::sim);
  const bool keys = strength == Strength::key;
  switch (vectors) {
    case Machine::Vectors::sse:
      return keys ? make(writ_gate_key_sse_code, writ_gate_key_sse_map)
                  : make(writ_gate_page_sse_code, writ_gate_page_sse_map);
    case Machine::Vectors::avx:
      return keys ? make(writ_gate_key_avx_code, writ_gate_key_avx_map)
                  : make(writ_gate_page_avx_code, writ_gate_page_avx_map);
    case Machine::Vectors::avx512:
      return keys ? make(writ_gate_key_avx512_code, writ_gate_key_avx512_map)
                  : make(writ_gate_page_avx512_code, writ_gate_page_avx512_map);
  }
  std::unreachable();
}

Result<GatePages> GatePages::reserve(std::size_t slots) {
  const std::size_t size = slots * page_size.value();
  void* p = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return system_error(errno, "cannot map the call gates", "fence");
  return GatePages(static_cast<std::byte*>(p), slots);
}

GatePages::GatePages(std::byte* base, std::size_t slots)
    : controls_(new ControlBlock[slots]), base_(base), size_(slots * page_size.value()) {}

GatePages::~GatePages() {
  if (!controls_) return;  // moved from
  if (sealed_ == Sealed::for_ever)
    (void)controls_.release();
  else
    munmap(base_, size_);
}

std::byte* GatePages::install(std::size_t slot, const GateTemplate& gate, std::uint32_t guest_pkru) {
  WRIT_ASSERT(sealed_ == Sealed::no && (slot + 1) * page_size.value() <= size_ &&
              gate.code.size() <= page_size.value());
  std::byte* page = base_ + slot * page_size.value();
  std::memset(page, 0xcc, page_size.value());  // int3: no gadget in what is left of the page
  std::memcpy(page, gate.code.data(), gate.code.size());
  const auto control = reinterpret_cast<std::uint64_t>(&controls_[slot]);
  for (const auto at : gate.map->control) std::memcpy(page + at, &control, sizeof control);
  for (const auto at : gate.map->pkru)
    if (at) std::memcpy(page + at, &guest_pkru, sizeof guest_pkru);
  controls_[slot].abandon = reinterpret_cast<std::uint64_t>(page + gate.map->abandon);
  return page;
}

Result<void> GatePages::seal(const Machine& machine) {
  if (mprotect(base_, size_, PROT_READ | PROT_EXEC))
    return system_error(errno, "cannot make the call gates executable", "fence");
  sealed_ = Sealed::yes;
  constexpr long mseal_number = 462;
  if (machine.mseal && syscall(mseal_number, base_, size_, 0ul) == 0) sealed_ = Sealed::for_ever;
  return {};
}

}  // namespace writ::fence
