import { ignoredMasks, maskOperands } from '../ops/masks.ts'
import type { ModelTables, SubGraphTables } from '../run/model-io.ts'
import { specOf } from './operator-spec.ts'

/** Masks lie below the rest of an activation, or above. */
export type MaskSide = 'below' | 'above'

/** Elements of an activation that say "nothing" to the softmax that reads them, not how much. */
export interface Masks {
  readonly count: number
  /** The smallest and the largest that are finite; absent when none is. */
  readonly finite?: readonly [min: number, max: number] | undefined
}

/** Whether masks lie twice as far from 0 as anything else on their side: numbers that are just large reach as far as they do. */
export function standApart({ finite }: Masks, [min, max]: readonly [number, number]): boolean {
  if (!finite) return true
  const [farthest, nearest] = finite
  return nearest < 0 ? 2 * min > nearest : 2 * max < farthest
}

export function joinedMasks(a: Masks | undefined, b: Masks | undefined): Masks {
  const finite = [a?.finite ?? [], b?.finite ?? []].flat()
  return {
    count: (a?.count ?? 0) + (b?.count ?? 0),
    ...(finite.length > 0 && { finite: [Math.min(...finite), Math.max(...finite)] as const }),
  }
}

/** The tensors of a subgraph that end in a softmax alone, however they get there, and where their masks are then. */
export function maskSides({ operators, tensors, outputs }: SubGraphTables, tables: ModelTables): Map<number, MaskSide> {
  const signs = new Map<number, 1 | -1 | 'other'>()
  const reads = (tensor: number, sign: 1 | -1 | 'other') => {
    const before = signs.get(tensor)
    signs.set(tensor, before === undefined || before === sign ? sign : 'other')
  }
  for (const t of outputs) reads(t, 'other')
  for (const operator of operators.toReversed()) {
    const { inputs, outputs: results } = operator
    const spec = specOf(operator, tables)
    if (spec?.quant?.readsShape) continue
    const ignored = spec ? ignoredMasks(spec) : -1
    const passed = new Map((spec ? maskOperands(spec, inputs.length) : []).map((o) => [o.index, o.sign]))
    const found = new Set(Array.from(results, (t) => signs.get(t)).filter((s) => s !== undefined))
    const [sign] = found.size === 1 ? found : []
    for (const [index, tensor] of inputs.entries()) {
      const by = passed.get(index)
      if (index === ignored) reads(tensor, -1)
      else if (by === undefined || sign === undefined || sign === 'other') reads(tensor, 'other')
      else reads(tensor, sign === by ? 1 : -1)
    }
  }
  return new Map(
    [...signs].flatMap(([t, s]) => (s === 'other' || tensors[t]?.type !== 'FLOAT32' ? [] : [[t, s === 1 ? 'above' : 'below']])),
  )
}
