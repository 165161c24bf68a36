import type { SourceOp } from '../source-op.ts'

/** `[h, w]` of a window attribute `[1,h,w,1]` (or `[1,1,h,w]`); 1 where the file leaves it out. */
export function windowOf(n: SourceOp, name: string, [h, w]: readonly [number, number]): [number, number] {
  if (!n.has(name)) return [1, 1]
  const list = n.list(name, 4)
  if (list.length === 0) return [1, 1]
  if (list.some((v, i) => i !== h && i !== w && v !== 1)) n.reject(`${name} [${list.join(',')}] reaches over batch or channels`)
  return [list[h]!, list[w]!]
}

/** SAME or VALID. */
export function paddingMode(n: SourceOp): 'same' | 'valid' {
  const mode = n.string('padding')
  return mode === 'SAME' ? 'same' : mode === 'VALID' ? 'valid' : n.reject(`padding ${mode} is not supported`)
}
