/* What tcc 0.9.27 lacks, for the fast tier (tier.h): fixed-width types, a few builtins, and loads and stores that it would
   make of two calls each. Names of the C standard and of GCC; what they do is in fast.c. Included by wasm-rt.h in place of
   the standard headers. Part of the toolchain digest. */
#ifndef WRIT_IMAGE_FAST_H
#define WRIT_IMAGE_FAST_H

typedef signed char int8_t;
typedef short int16_t;
typedef int int32_t;
typedef long int64_t;
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long uint64_t, uintptr_t, size_t;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void*)0)
#define INT32_MIN (-2147483647 - 1)
#define INT32_MAX 2147483647
#define UINT32_MAX 4294967295u
#define INT64_MIN (-9223372036854775807l - 1)
#define INT64_MAX 9223372036854775807l
#define UINT64_MAX 18446744073709551615ul

#define __builtin_clz image_clz
#define __builtin_ctz image_ctz
#define __builtin_popcount image_popcount
#define __builtin_clzll image_clzll
#define __builtin_ctzll image_ctzll
#define __builtin_popcountll image_popcountll
#define __builtin_memcpy memcpy
#define __builtin_unreachable() ((void)0)
#define __builtin_isnan(x) ((x) != (x))
#define __builtin_nanf(text) image_nan()
#define __builtin_inff() image_infinity()

/* Roots, roundings and signs are chosen by type: a detour of an f32 by f64 would quiet a NaN. */
#define FAST_BY_TYPE(name, x) _Generic((x), float: image_##name##_f32, double: image_##name##_f64)(x)
#define __builtin_signbit(x) FAST_BY_TYPE(signbit, x)
#define __builtin_floor image_floor_f64
#define __builtin_floorf image_floor_f32
#define __builtin_ceil image_ceil_f64
#define __builtin_ceilf image_ceil_f32
#define __builtin_trunc image_trunc_f64
#define __builtin_truncf image_trunc_f32
#define __builtin_nearbyint image_nearbyint_f64
#define __builtin_nearbyintf image_nearbyint_f32
#define __builtin_sqrt image_sqrt_f64
#define __builtin_sqrtf image_sqrt_f32
#define __builtin_fabs image_fabs_f64
#define __builtin_fabsf image_fabs_f32
#define __builtin_copysign image_copysign_f64
#define __builtin_copysignf image_copysign_f32
/* tcc subtracts from -0, which keeps the sign of a NaN (settle() writes this where the translator writes a minus). */
#define image_negated(x) FAST_BY_TYPE(negated, x)

#define FAST __attribute__((visibility("hidden")))
/* The helpers that trap are functions of their own here: where their caller is gets told too. */
#define wasm_rt_trap image_trap
FAST int image_clz(unsigned), image_ctz(unsigned), image_popcount(unsigned);
FAST int image_clzll(unsigned long), image_ctzll(unsigned long), image_popcountll(unsigned long);
FAST float image_nan(void), image_infinity(void);
FAST int image_signbit_f32(float), image_signbit_f64(double);
FAST float image_floor_f32(float), image_ceil_f32(float), image_trunc_f32(float), image_nearbyint_f32(float);
FAST double image_floor_f64(double), image_ceil_f64(double), image_trunc_f64(double), image_nearbyint_f64(double);
FAST float image_sqrt_f32(float), image_fabs_f32(float), image_negated_f32(float), image_copysign_f32(float, float);
FAST double image_sqrt_f64(double), image_fabs_f64(double), image_negated_f64(double), image_copysign_f64(double, double);
FAST uint32_t image_bits_f32(float);
FAST uint64_t image_bits_f64(double);
FAST float image_float_u32(uint32_t);
FAST double image_float_u64(uint64_t);
/* What tcc calls by itself to convert unsigned 64-bit numbers. */
FAST float __floatundisf(unsigned long);
FAST double __floatundidf(unsigned long);
FAST unsigned long __fixunssfdi(float), __fixunsdfdi(double);

#endif
