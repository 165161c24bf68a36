import type { DType } from '../../core/dtype.ts'
import type { MlirBlock, MlirValue } from '../../wire/mlir/types.ts'
import { flag, int, type Tensor, type } from './body.ts'
import { type Bound, type HloOp, type HloScope, intsOf, splatOf, type Translate, type Translated } from './hlo-op.ts'
import { scalarsOf } from './scalars.ts'

/** How two elements become one: the TensorFlow op over two tensors, the one over axes, and the value that changes nothing. */
export interface Combiner {
  readonly name: 'add' | 'multiply' | 'maximum' | 'minimum' | 'and' | 'or'
  readonly pair: string
  readonly along: string
  isNeutral(value: number, dtype: DType): boolean
}

const least = (dtype: DType): number =>
  dtype.startsWith('i') ? -(2 ** (Number(dtype.slice(1)) - 1)) : dtype.startsWith('u') || dtype === 'bool' ? 0 : Number.NEGATIVE_INFINITY
const most = (dtype: DType): number =>
  dtype === 'bool'
    ? 1
    : dtype.startsWith('i')
      ? 2 ** (Number(dtype.slice(1)) - 1) - 1
      : dtype.startsWith('u')
        ? 2 ** Number(dtype.slice(1)) - 1
        : Number.POSITIVE_INFINITY

const numeric: readonly Combiner[] = [
  { name: 'add', pair: 'AddV2', along: 'Sum', isNeutral: (v) => v === 0 },
  { name: 'multiply', pair: 'Mul', along: 'Prod', isNeutral: (v) => v === 1 },
  { name: 'maximum', pair: 'Maximum', along: 'Max', isNeutral: (v, dtype) => v === least(dtype) },
  { name: 'minimum', pair: 'Minimum', along: 'Min', isNeutral: (v, dtype) => v === most(dtype) },
]
const any: Combiner = { name: 'or', pair: 'LogicalOr', along: 'Any', isNeutral: (v) => v === 0 }
const all: Combiner = { name: 'and', pair: 'LogicalAnd', along: 'All', isNeutral: (v) => v !== 0 }
const ofTruths: Readonly<Record<string, Combiner>> = { add: any, maximum: any, or: any, multiply: all, minimum: all, and: all }

const isOf = (value: MlirValue | undefined, arg: MlirValue | undefined) => value !== undefined && value.id === arg?.id

/** The op by which result `i` of a region combines its two of `2 * count` arguments. */
export function combinerOf(block: MlirBlock, i: number, count: number, dtype: DType): Combiner | undefined {
  const result = block.ops.at(-1)?.operands[i]
  const op = block.ops.find((o) => isOf(o.results[0], result))
  const [x, y] = [block.arguments[i], block.arguments[count + i]]
  const [a, b] = op?.operands ?? []
  if (op?.operands.length !== 2 || !((isOf(a, x) && isOf(b, y)) || (isOf(a, y) && isOf(b, x)))) return undefined
  return dtype === 'bool' ? ofTruths[op.name] : numeric.find((c) => c.name === op.name)
}

function reduce(o: HloOp): Translated {
  const [block] = o.op.regions
  const count = o.op.operands.length / 2
  const axes = o.dims('dimensions', o.rank(0))
  if (!block) return o.refuse()
  const extreme = count === 2 && axes.length === 1 ? extremeAndPlace(o, block, axes[0]!) : undefined
  if (extreme) return extreme
  const combiners = o.op.results.map((_, i) => combinerOf(block, i, count, o.dtype(i)))
  if (combiners.includes(undefined)) return inPairs(o, block, axes)
  return o.op.results.map((_, i): Bound | Tensor => {
    const dtype = o.dtype(i)
    const by = combiners[i]!
    const shape = o.result(i)
    const single = axes.every((d) => o.shape(i)[d] === 1)
    const kept = () => o.body.sizesOf(o.in(i), o.shape(i)).filter((_, d) => !axes.includes(d))
    const x =
      axes.length === 0
        ? o.in(i)
        : single
          ? o.body.reshape(o.in(i), kept())
          : o.body.op(by.along, [o.in(i), o.body.ints(axes)], { keep_dims: flag(false) })
    const init = o.splat(count + i)
    if (init !== undefined && by.isNeutral(init, dtype)) return x
    return o.map(by.pair, [{ tensor: x, own: shape }, o.bound(count + i)])
  })
}

/** By what a region makes of two elements: neighbours are combined until one is left. */
function inPairs(o: HloOp, block: MlirBlock, axes: readonly number[]): readonly Tensor[] {
  const { body } = o
  const count = o.op.operands.length / 2
  const rank = o.rank(0)
  const shape = [...o.shape(0)]
  let parts = Array.from({ length: count }, (_, i) => o.in(i))
  for (const axis of axes) {
    let size = shape[axis] ?? o.refuse()
    if (size === 0) return o.refuse()
    for (; size > 1; size = Math.ceil(size / 2)) {
      const whole = size - (size % 2)
      const every = (first: number) => parts.map((x) => body.slice(x, rank, axis, first, whole, 2))
      shape[axis] = whole / 2
      const pairs = o.inline(block, [...every(0), ...every(1)], shape)
      const left = size % 2 === 0 ? [] : parts.map((x) => body.slice(x, rank, axis, size - 1, undefined))
      parts = pairs.map((x, i) => (left[i] ? body.op('ConcatV2', [x, left[i], body.ints([axis], [])], { N: int(2) }) : x))
    }
    shape[axis] = 1
  }
  const result = o.result()
  const kept = parts.map((x) =>
    body.reshape(
      x,
      body.sizesOf(x, shape).filter((_, d) => !axes.includes(d)),
    ),
  )
  const inits = Array.from({ length: count }, (_, i) => o.bound(count + i))
  const wide = inits.map((b) =>
    o.whole(
      result.length === 0
        ? b
        : { ...b, ...(result.includes(undefined) && { dims: body.op('Shape', [kept[0]!], { out_type: type('i32') }) }) },
      result,
    ),
  )
  return o.inline(block, [...wide, ...kept], result)
}

/** Two elements in their order, each with its place; of equal ones the first counts. */
const elements = [-1, 0, 2].flatMap((x) => [-1, 0, 2].map((y) => [x, 0, y, 1] as const))

/** Whether a region of two elements and their places keeps the larger or the smaller one, as it does with some of them. */
function extremeOf(scope: HloScope, block: MlirBlock): 'max' | 'min' | undefined {
  const results = block.ops.at(-1)?.operands ?? []
  const tried = elements.map((given) => {
    const known = scalarsOf(scope, block.ops, new Map(block.arguments.map((a, i) => [a.id, given[i]!])))
    return { given, found: results.map((r) => known.get(r.id)) }
  })
  return (['max', 'min'] as const).find((which) =>
    tried.every(({ given: [x, i, y, j], found }) => {
      const isFirst = x === y || x > y === (which === 'max')
      return found[0] === (isFirst ? x : y) && found[1] === (isFirst ? i : j)
    }),
  )
}

/** Whether a value counts along the axis from 0. */
export function countsAlong(scope: HloScope, value: MlirValue, axis: number): boolean {
  const op = scope.maker(value)
  if (op?.name === 'iota' || op?.name === 'dynamic_iota') {
    const a = op.attrs.get('iota_dimension')
    return a !== undefined && intsOf(a)?.[0] === axis
  }
  if (op?.name !== 'broadcast_in_dim' && op?.name !== 'dynamic_broadcast_in_dim') return false
  const [from] = op.operands
  const to = op.attrs.get('broadcast_dimensions')
  const dims = (to && intsOf(to)) ?? []
  return from !== undefined && dims.includes(axis) && countsAlong(scope, from, dims.indexOf(axis))
}

/** Argmax and argmin. */
function extremeAndPlace(o: HloOp, block: MlirBlock, axis: number): readonly Tensor[] | undefined {
  const direction = extremeOf(o.scope, block)
  const [, places] = o.op.operands
  if (!direction || !places || !countsAlong(o.scope, places, axis)) return undefined
  if (splatOf(o.scope, o.op.operands[3]!) !== 0) return undefined
  const x = o.in(0)
  const at = o.body.ints([axis], [])
  const dtype = o.resultDtype(1)
  const out = dtype === 'i64' ? 'i64' : 'i32'
  const value = o.body.op(direction === 'max' ? 'Max' : 'Min', [x, o.body.ints([axis])], { keep_dims: flag(false) })
  const place = o.body.op(direction === 'max' ? 'ArgMax' : 'ArgMin', [x, at], { output_type: type(out) })
  return [value, o.body.cast(place, out, dtype)]
}

/** A region of scalars over whole tensors. */
function map(o: HloOp): readonly Tensor[] {
  const [block] = o.op.regions
  const tensors = o.op.operands.map((_, i) => o.in(i))
  return block ? o.inline(block, tensors, o.result()) : o.refuse()
}

export const reductions: Readonly<Record<string, Translate>> = { map, reduce }
