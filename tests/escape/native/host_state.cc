#include "host_state.h"

#include <cmath>
#include <cstdint>

#include "attacks.h"
#include "writ/fence/fence.h"

namespace writ::escape {

void mark_vectors() {
  static const bool avx512 = fence::probe_machine().vectors == fence::Machine::Vectors::avx512;
  asm volatile("movq %0, %%xmm2" : : "r"(ATTACK_MARKER) : "xmm2");
  if (avx512) asm volatile("vmovq %0, %%xmm20; kmovw %k0, %%k3" : : "r"(ATTACK_MARKER));
}

std::string host_damage() {
  unsigned csr = 0;
  std::uint16_t control = 0;
  std::uint64_t flags = 0;
  asm volatile("stmxcsr %0" : "=m"(csr));
  asm volatile("fnstcw %0" : "=m"(control));
  asm volatile("pushfq; pop %0" : "=r"(flags));
  asm volatile("cld; pushq $0x202; popfq" : : : "cc", "memory");  // so that this function can tell
  if (flags & 0x40500) return "flags";
  if ((csr & 0xffc0) != 0x1f80) return "mxcsr";
  if (control != 0x37f) return "x87 control word";
  volatile long double two = 2;
  if (std::sqrt(two * two) + 0.5L != 2.5L) return "x87";
  return {};
}

}  // namespace writ::escape
