import type { MlirBlock } from '../../wire/mlir/types.ts'
import { flag, int, type Tensor } from './body.ts'
import { type HloOp, type HloScope, type Translate, type Translated, wordOf } from './hlo-op.ts'
import { countsAlong } from './reduce.ts'
import { scalarsOf } from './scalars.ts'

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
interface Order {
  readonly keys: readonly number[]
  readonly isDescending: boolean
}

/** Undefined for a comparator that orders otherwise, as it does with some elements. */
function orderOf(scope: HloScope, block: MlirBlock): Order | undefined {
  if (block.arguments.length > 2 * maxOperands) return undefined
  const args = new Map(block.arguments.map((a, i) => [a.id, i] as const))
  const sources = new Map<number, ReadonlySet<number>>([...args].map(([id, i]) => [id, new Set([i])]))
  const keys = new Set<number>()
  for (const op of block.ops) {
    const of = op.operands.map((v) => sources.get(v.id) ?? new Set<number>())
    for (const r of op.results) sources.set(r.id, new Set(of.flatMap((s) => [...s])))
    if (op.name !== 'compare' || !/^[LG][TE]$/.test(wordOf(op, 'comparison_direction'))) continue
    for (const arg of of.flatMap((s) => [...s])) keys.add(Math.floor(arg / 2))
  }
  const sorted = [...keys].sort((p, q) => p - q)
  return sorted.length > maxKeys
    ? undefined
    : [false, true].map((isDescending): Order => ({ keys: sorted, isDescending })).find((order) => ordersBy(scope, block, order))
}

const maxKeys = 4
const maxOperands = 64
const samples = [-1, 0, 2]

function ordersBy(scope: HloScope, block: MlirBlock, { keys, isDescending }: Order): boolean {
  const result = block.ops.at(-1)?.operands[0]
  if (keys.length === 0 || !result) return false
  /** What is no key: it must not matter. */
  const others = [
    [5, 7],
    [7, 5],
  ]
  const pairs = samples.flatMap((x) => samples.map((y) => [x, y]))
  const trials = keys.reduce<readonly (readonly (readonly number[])[])[]>((all, _) => all.flatMap((t) => pairs.map((p) => [...t, p])), [[]])
  return trials.every((trial) => {
    const first = trial.find(([x, y]) => x !== y)
    if (!first) return true
    const isBefore = first[0]! < first[1]! !== isDescending
    return others.every((other) => {
      const given = block.arguments.map((a, i) => [a.id, (trial[keys.indexOf(Math.floor(i / 2))] ?? other)[i % 2]!] as const)
      return scalarsOf(scope, block.ops, new Map(given)).get(result.id) === Number(isBefore)
    })
  })
}

function sort(o: HloOp): Translated {
  const { body } = o
  const [block] = o.op.regions
  const order = block && orderOf(o.scope, block)
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
  const order = orderOf(o.scope, comparator)
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
