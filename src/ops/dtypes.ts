import type { DType } from '../core/dtype.ts'

/** Element types that several records share. */
export const float: readonly DType[] = ['f32']
/** Float, or quantized to 8 bits. */
export const floatOrQ8: readonly DType[] = ['f32', 'i8', 'u8']
/** Float, or quantized to 8 or 16 bits. */
export const floatOrQ: readonly DType[] = ['f32', 'i8', 'u8', 'i16']
/** What ops that only move elements take. */
export const movable: readonly DType[] = ['f32', 'f16', 'i4', 'i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'i64', 'bool', 'string']
/** What ops that keep elements where they are take. */
export const anyFixed: readonly DType[] = [...movable, 'bf16', 'f64', 'u64', 'c64']
/** Axes, sizes, permutations, paddings. */
export const index: readonly DType[] = ['i32', 'i64']
