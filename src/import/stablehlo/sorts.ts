import type { MlirBlock, MlirValue } from '../../wire/mlir/types.ts'
import { flag, int, type Tensor } from './body.ts'
import { type HloOp, type Translate, type Translated, wordOf } from './hlo-op.ts'
import { countsAlong } from './reduce.ts'

/** Values by rank along the last axis, and where they were. */
interface Ranked {
  readonly values: Tensor
  readonly places: Tensor
}

/** Turned over, the smallest is the largest: what TopKV2 gives of equal ones in their order stays in it. */
function ranked(o: HloOp, x: Tensor, i: number, size: Tensor, isDescending: boolean): Ranked {
  const { body } = o
  const dtype = o.dtype(i)
  const isTruth = dtype === 'bool'
  const own = isTruth ? body.cast(x, dtype, 'i32') : x
  const turn = (t: Tensor): Tensor => {
    if (isDescending) return t
    if (isTruth) return body.op('Sub', [body.ints([-1], []), t])
    if (dtype.startsWith('i')) return body.op('Sub', [body.numbers(dtype, [-1]), t])
    if (dtype.startsWith('u')) return body.op('Sub', [body.numbers(dtype, [2 ** Number(dtype.slice(1)) - 1]), t])
    return body.op('Neg', [t])
  }
  const [values, places] = body.ops('TopKV2', [turn(own), size], { sorted: flag(true) }, 2) as [Tensor, Tensor]
  const back = turn(values)
  return { values: isTruth ? body.cast(back, 'i32', 'bool') : back, places }
}

/** Operands by which a comparator orders, first the one that counts most, and which way: x < y, or x = y and what the rest says. */
export function keysOf(block: MlirBlock): { readonly keys: readonly number[]; readonly isDescending: boolean } | undefined {
  const maker = new Map(block.ops.flatMap((op) => op.results.map((r) => [r.id, op] as const)))
  const sources = (value: MlirValue): ReadonlySet<number> => {
    const found = new Set<number>()
    const visit = (v: MlirValue): void => {
      const at = block.arguments.findIndex((a) => a.id === v.id)
      if (at >= 0) found.add(at)
      else for (const operand of maker.get(v.id)?.operands ?? []) visit(operand)
    }
    visit(value)
    return found
  }
  const keys = new Set<number>()
  const directions = new Set<boolean>()
  for (const op of block.ops) {
    const word = wordOf(op, 'comparison_direction')
    if (op.name !== 'compare' || !/^[LG][TE]$/.test(word)) continue
    const [x, y] = op.operands.map(sources) as [ReadonlySet<number>, ReadonlySet<number>]
    const [a, b] = [[...x][0], [...y][0]]
    if (x.size !== 1 || y.size !== 1 || a === undefined || b === undefined || Math.floor(a / 2) !== Math.floor(b / 2) || a === b)
      return undefined
    keys.add(Math.floor(a / 2))
    directions.add(a < b === word.startsWith('G'))
  }
  const [isDescending] = directions
  if (keys.size === 0 || directions.size !== 1) return undefined
  return { keys: [...keys].sort((p, q) => p - q), isDescending: isDescending! }
}

function sort(o: HloOp): Translated {
  const { body } = o
  const [block] = o.op.regions
  const order = block && keysOf(block)
  const rank = o.rank(0)
  const axis = (o.int('dimension', -1) + rank) % rank
  if (!order) return o.refuse()
  const perm = Array.from({ length: rank }, (_, i) => (i === axis ? rank - 1 : i === rank - 1 ? axis : i))
  const turn = (t: Tensor) => body.transpose(t, perm)
  const operands = o.op.operands.map((_, i) => turn(o.in(i)))
  const size = body.size(o.shape(0)[axis] ?? { of: o.in(0), axis })
  const pick = (x: Tensor, places: Tensor) => body.op('GatherV2', [x, places, body.ints([rank - 1], [])], { batch_dims: int(rank - 1) })
  // By the key that counts least first: sorts are stable.
  let places: Tensor | undefined
  let last: Ranked | undefined
  for (const key of [...order.keys].reverse()) {
    const x = places === undefined ? operands[key]! : pick(operands[key]!, places)
    last = ranked(o, x, key, size, order.isDescending)
    places = places === undefined ? last.places : pick(places, last.places)
  }
  return operands.map((x, i) => {
    if (i === order.keys[0]) return turn(last!.values)
    const counts = countsAlong(o.scope, o.operand(i), axis)
    return turn(counts ? body.cast(places!, 'i32', o.dtype(i)) : pick(x, places!))
  })
}

/** The largest along the last axis, with their places. */
export function topK(o: HloOp, k: Tensor): Translated {
  const [values, places] = o.body.ops('TopKV2', [o.in(0), k], { sorted: flag(true) }, 2) as [Tensor, Tensor]
  return [values, o.body.cast(places, 'i32', o.resultDtype(1))]
}

/** The `k` largest or smallest of an axis, exactly; further operands are given in the same order, as by a sort. */
export function approxTopK(o: HloOp, comparator: MlirBlock): Translated {
  const { body } = o
  const order = keysOf(comparator)
  const [shape, result] = [o.shape(0), o.result()]
  const rank = shape.length
  const axis = Math.max(
    0,
    shape.findIndex((s, i) => s !== result[i]),
  )
  const size = result[axis] ?? o.refuse()
  if (order?.keys.join() !== '0' || o.op.results.length !== 2 || !countsAlong(o.scope, o.operand(1), axis)) return o.refuse()
  const perm = Array.from({ length: rank }, (_, i) => (i === axis ? rank - 1 : i === rank - 1 ? axis : i))
  const { values, places } = ranked(o, body.transpose(o.in(0), perm), 0, body.size(size), order.isDescending)
  return [body.transpose(values, perm), body.cast(body.transpose(places, perm), 'i32', o.resultDtype(1))]
}

export const sorts: Readonly<Record<string, Translate>> = { sort }
