import type { Granularity } from './scheme.ts'

/** Which elements share a scale: element k in row-major order has scale number floor(k / run) mod count. */
export interface Groups {
  readonly run: number
  readonly count: number
}

/** Groups of a tensor whose scales lie along `axis` (null for one); blocks are along the last axis. */
export function groupsOf(shape: readonly number[], axis: number | null, granularity: Granularity): Groups {
  const elements = shape.reduce((a, b) => a * b, 1)
  if (typeof granularity === 'number') return { run: granularity, count: elements / granularity }
  if (axis === null) return { run: Math.max(1, elements), count: 1 }
  return {
    run: Math.max(
      1,
      shape.slice(axis + 1).reduce((a, b) => a * b, 1),
    ),
    count: shape[axis]!,
  }
}
