#include <asm/hwcap2.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "writ/fence/fence.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

namespace writ::fence {
namespace {

int count_protection_keys() {
  std::array<int, 15> keys;  // 16 in the architecture, of which 0 is everybody's
  int n = 0;
  while (n < 15) {
    const int key = static_cast<int>(syscall(SYS_pkey_alloc, 0, 0));
    if (key < 0) break;
    keys[static_cast<std::size_t>(n++)] = key;
  }
  for (int i = 0; i < n; ++i) syscall(SYS_pkey_free, keys[static_cast<std::size_t>(i)]);
  return n;
}

// Asks for something that it refuses after it has understood it: turning it off would work too, but this thread may be a
// guest thread, which must stay under it.
bool has_system_call_dispatch() {
  return prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, ~0ul << 12) != 0 && errno == EFAULT;
}

bool at_least(const std::string& kernel, int major, int minor) {
  int a = 0, b = 0;
  const char* end = kernel.data() + kernel.size();
  const auto dot = std::from_chars(kernel.data(), end, a);
  if (dot.ec != std::errc() || dot.ptr == end || *dot.ptr != '.') return false;
  if (std::from_chars(dot.ptr + 1, end, b).ec != std::errc()) return false;
  return a > major || (a == major && b >= minor);
}

}  // namespace

Machine probe_machine() {
  Machine m;
  utsname u;
  if (uname(&u) == 0) m.kernel = u.release;
  m.protection_keys = count_protection_keys();
  m.system_call_dispatch = has_system_call_dispatch();
  m.signal_stack_in_denied_key = at_least(m.kernel, 6, 12);  // no other sign of it than trying, which kills
  constexpr long mseal_number = 462;
  m.mseal = syscall(mseal_number, 0ul, 0ul, 0ul) == 0;
  m.fs_base_readable = (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE) != 0;
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f"))
    m.vectors = Machine::Vectors::avx512;
  else if (__builtin_cpu_supports("avx"))
    m.vectors = Machine::Vectors::avx;
  return m;
}

std::string Machine::why_not(Strength strength) const {
  switch (strength) {
    case Strength::sim: return {};
    case Strength::key:
      if (protection_keys == 0) return "this machine offers no memory protection keys (pkey_alloc)";
      if (protection_keys < 2) return "fewer than two memory protection keys are left in this process";
      [[fallthrough]];
    case Strength::page:
      if (!system_call_dispatch)
        return "the kernel offers no Syscall User Dispatch (Linux 5.11, or a seccomp filter forbids it)";
      if (!fs_base_readable) return "this CPU or kernel does not let programs read the FS base (RDFSBASE)";
      return {};
  }
  std::unreachable();
}

std::optional<Strength> Machine::strongest() const {
  for (const auto s : {Strength::key, Strength::page})
    if (why_not(s).empty()) return s;
  return std::nullopt;
}

}  // namespace writ::fence
