import type { SourceOp } from '../source-op.ts'

type Spatial = readonly [h: number, w: number]

/** `[h, w]` of a window attribute `[1,h,w,1]` (or `[1,1,h,w]`). Throws `lower/bad-attribute`. */
export function windowOf(n: SourceOp, name: string, [h, w]: Spatial): [number, number] {
  const list = n.list(name, 4)
  if (list.length !== 4) n.reject(`${name} must have 4 elements`)
  if (list.some((v, i) => i !== h && i !== w && v !== 1)) n.reject(`${name} [${list.join(',')}] reaches over batch or channels`)
  if (list.some((v) => v < 1)) n.reject(`${name} [${list.join(',')}] must be positive`)
  return [list[h]!, list[w]!]
}

/** `[h, w]` of `dilations`; 1 where the file leaves them out, as it may. */
export function dilationsOf(n: SourceOp, spatial: Spatial): [number, number] {
  return n.has('dilations') && n.list('dilations').length > 0 ? windowOf(n, 'dilations', spatial) : [1, 1]
}

/** SAME or VALID. */
export function paddingMode(n: SourceOp): 'same' | 'valid' {
  const mode = n.string('padding')
  return mode === 'SAME' ? 'same' : mode === 'VALID' ? 'valid' : n.reject(`padding ${mode} is not supported`)
}
