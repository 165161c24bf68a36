import type { QuantParams } from '../../ir/types.ts'
import type { IntegerType } from '../../ops/spec.ts'

/** One scale and zero point for a whole tensor. */
export type Grid = Extract<QuantParams, { kind: 'per-tensor' }>

export const grid = (scale: number, zeroPoint: number): Grid => ({ kind: 'per-tensor', scale: Math.fround(scale), zeroPoint })

export const sameGrid = (a: Grid, b: Grid): boolean => a.scale === b.scale && a.zeroPoint === b.zeroPoint

/** What numbers are rounded to. Those of `u8` are written 128 lower, as i8. */
export type GridType = IntegerType | 'u8'

/** A range narrower than this is widened by it at both ends. @see TensorFlow quantization_driver.h, TensorRangeSanityCheck */
const nearZero = 1e-6

/**
 * The grid of an activation with values in [low, high]. A range narrower than 1e-6 is widened by as much at both ends, for i16 to 1: kernels of
 * ADD and SUB fail on a result whose steps are far below those of the operands.
 */
export function activationGrid(low: number, high: number, type: GridType): Grid {
  const [lo, hi] = [Math.fround(Math.min(low, 0)), Math.fround(Math.max(high, 0))]
  if (hi - lo >= nearZero) return gridOver(lo, hi, type)
  return type === 'i16' ? gridOver(-1, 1, type) : gridOver(lo - nearZero, hi + nearZero, type)
}

/**
 * The grid of values in [low, high], where 0 is made one of them. i8 spreads -128..127 over the range; i16 is symmetric, -32767..32767. The
 * scale is (high - low)/255 in float32 (TensorFlow's "legacy float scale"), the zero point round-half-away(-128 - low/scale).
 * That of `u8` is as i8, 128 lower, but rounded before: 127.5 becomes 128.
 */
export function gridOver(low: number, high: number, type: GridType): Grid {
  const [lo, hi] = [Math.fround(Math.min(low, 0)), Math.fround(Math.max(high, 0))]
  if (type === 'i16') return grid(Math.max(-lo, hi) / 32767, 0)
  const scale = Math.fround(Math.fround(hi - lo) / 255)
  if (type === 'u8') return grid(scale, clamp(roundHalfAway((-lo / (hi - lo)) * 255), 0, 255) - 128)
  return grid(scale, clamp(roundHalfAway(-128 - lo / scale), -128, 127))
}

/** Real values that the numbers of an i8 grid stand for. */
export function rangeOfGrid({ scale, zeroPoint }: Grid): readonly [min: number, max: number] {
  return [scale * (-128 - zeroPoint), scale * (127 - zeroPoint)]
}

export const clamp = (x: number, low: number, high: number): number => (x < low ? low : x > high ? high : x)

/** Halves go away from 0; never -0. */
export const roundHalfAway = (x: number): number => (x < 0 ? 0 - Math.floor(0.5 - x) : Math.floor(x + 0.5))
