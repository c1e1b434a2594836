/* Takes the place of the translator's functions for loads, stores and reinterpretations, of which tcc inlines none. It is
   included behind them and before the first use (settle() puts it there).

   The address is cut to the 33 bits that an i32 and an offset can make. So a slip of the compiler in widening a number
   cannot lead out of the arena, whatever the fence is made of. */
#ifndef WRIT_IMAGE_FAST_MEMORY_H
#define WRIT_IMAGE_FAST_MEMORY_H

#define FAST_AT(type, memory, address) (*(type*)((memory)->data + ((u64)(address) & 0x1ffffffffull)))
#define i32_load(m, a) FAST_AT(u32, m, a)
#define i64_load(m, a) FAST_AT(u64, m, a)
#define f32_load(m, a) FAST_AT(f32, m, a)
#define f64_load(m, a) FAST_AT(f64, m, a)
#define i32_load8_s(m, a) ((u32)(s32)FAST_AT(s8, m, a))
#define i64_load8_s(m, a) ((u64)(s64)FAST_AT(s8, m, a))
#define i32_load8_u(m, a) ((u32)FAST_AT(u8, m, a))
#define i64_load8_u(m, a) ((u64)FAST_AT(u8, m, a))
#define i32_load16_s(m, a) ((u32)(s32)FAST_AT(s16, m, a))
#define i64_load16_s(m, a) ((u64)(s64)FAST_AT(s16, m, a))
#define i32_load16_u(m, a) ((u32)FAST_AT(u16, m, a))
#define i64_load16_u(m, a) ((u64)FAST_AT(u16, m, a))
#define i64_load32_s(m, a) ((u64)(s64)FAST_AT(s32, m, a))
#define i64_load32_u(m, a) ((u64)FAST_AT(u32, m, a))
#define i32_store(m, a, v) (FAST_AT(u32, m, a) = (u32)(v))
#define i64_store(m, a, v) (FAST_AT(u64, m, a) = (u64)(v))
#define f32_store(m, a, v) (FAST_AT(f32, m, a) = (v))
#define f64_store(m, a, v) (FAST_AT(f64, m, a) = (v))
#define i32_store8(m, a, v) (FAST_AT(u8, m, a) = (u8)(v))
#define i32_store16(m, a, v) (FAST_AT(u16, m, a) = (u16)(v))
#define i64_store8(m, a, v) (FAST_AT(u8, m, a) = (u8)(v))
#define i64_store16(m, a, v) (FAST_AT(u16, m, a) = (u16)(v))
#define i64_store32(m, a, v) (FAST_AT(u32, m, a) = (u32)(v))
#define i32_reinterpret_f32 image_bits_f32
#define i64_reinterpret_f64 image_bits_f64
#define f32_reinterpret_i32 image_float_u32
#define f64_reinterpret_i64 image_float_u64

#endif
