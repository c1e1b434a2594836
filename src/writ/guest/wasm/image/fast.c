/* The functions that fast.h declares. Compiled once by clang, so that both tiers compute with the same instructions;
   freestanding, without data. */
#include <stdint.h>

#include "writ/guest/wasm/image/runtime.h"

#define FAST __attribute__((visibility("hidden")))

/* tcc's functions all keep a frame: [rbp] the caller's, [rbp + 8] the way back to it. */
FAST __attribute__((noreturn)) void image_trap(wasm_rt_trap_t code) {
  ArenaWord caller;
  __asm__ volatile("mov 8(%%rbp), %0" : "=r"(caller));
  const ArenaWord arguments[3] = {code, (ArenaWord)__builtin_return_address(0), caller};
  image_call(CALL_TRAP, arguments);
  __builtin_trap();
}

FAST int image_clz(unsigned x) { return __builtin_clz(x); }
FAST int image_ctz(unsigned x) { return __builtin_ctz(x); }
FAST int image_popcount(unsigned x) { return __builtin_popcount(x); }
FAST int image_clzll(unsigned long x) { return __builtin_clzll(x); }
FAST int image_ctzll(unsigned long x) { return __builtin_ctzll(x); }
FAST int image_popcountll(unsigned long x) { return __builtin_popcountll(x); }

FAST float image_nan(void) { return __builtin_nanf(""); }
FAST float image_infinity(void) { return __builtin_inff(); }
FAST int image_signbit_f32(float x) { return __builtin_signbit(x) != 0; }
FAST int image_signbit_f64(double x) { return __builtin_signbit(x) != 0; }

#define DEFINE_BOTH(name, builtin)                                     \
  FAST float image_##name##_f32(float x) { return builtin##f(x); }     \
  FAST double image_##name##_f64(double x) { return builtin(x); }
DEFINE_BOTH(floor, __builtin_floor)
DEFINE_BOTH(ceil, __builtin_ceil)
DEFINE_BOTH(trunc, __builtin_trunc)
DEFINE_BOTH(nearbyint, __builtin_nearbyint)
DEFINE_BOTH(sqrt, __builtin_sqrt)
DEFINE_BOTH(fabs, __builtin_fabs)

FAST float image_negated_f32(float x) { return -x; }
FAST double image_negated_f64(double x) { return -x; }
FAST float image_copysign_f32(float x, float sign) { return __builtin_copysignf(x, sign); }
FAST double image_copysign_f64(double x, double sign) { return __builtin_copysign(x, sign); }

union Bits32 { float f; uint32_t u; };
union Bits64 { double f; uint64_t u; };
FAST uint32_t image_bits_f32(float x) { return (union Bits32){.f = x}.u; }
FAST uint64_t image_bits_f64(double x) { return (union Bits64){.f = x}.u; }
FAST float image_float_u32(uint32_t x) { return (union Bits32){.u = x}.f; }
FAST double image_float_u64(uint64_t x) { return (union Bits64){.u = x}.f; }

FAST float __floatundisf(unsigned long x) { return (float)x; }
FAST double __floatundidf(unsigned long x) { return (double)x; }
FAST unsigned long __fixunssfdi(float x) { return (unsigned long)x; }
FAST unsigned long __fixunsdfdi(double x) { return (unsigned long)x; }
