import { mulDims } from '../../../core/dim.ts'
import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { Formula } from '../../formula.ts'
import { castTo, expandDims, permute, reshapeTo, sliceAxis, squeezeDim, toF32, toI32, withLast } from '../../operands.ts'
import type { Lowering, LoweringRegistry } from '../../registry.ts'
import { axesOf, promoted, tensorOf } from '../arguments.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { alongAxis, first, floats, numberOption, option, placesAlong, run, sizeOf } from './operation.ts'

/** `work` on the last dim in place of `axis`. */
export function onLast(b: OpBuilder, x: Value, axis: number, work: (x: Value) => Value): Value {
  return withLast(b, work(withLast(b, x, axis)), axis)
}

const lastSize = (b: OpBuilder, x: Value): Value => sizeOf(b, x, x.type.shape.length - 1)

export const sortable = (b: OpBuilder, x: Value): Value => (x.type.dtype === 'f32' || x.type.dtype === 'i32' ? x : castTo(b, x, 'i32'))

/** The last dim in ascending order, and where each element was; equal ones stay in their order. */
export function ascending(b: OpBuilder, x: Value): { values: Value; indices: Value } {
  const f = new Formula(b)
  const [values, indices] = b.ops(op.topkV2, [f.neg(x), lastSize(b, x)]) as [Value, Value]
  return { values: f.neg(values), indices }
}

/** The last dim in descending order. */
export function descending(b: OpBuilder, x: Value): Value {
  return b.ops(op.topkV2, [x, lastSize(b, x)])[0]!
}

function sorted(which: 'values' | 'indices'): Lowering {
  return layer((k, b) => {
    const { x, axis } = alongAxis(k, b, first(k, b), axisOption(k))
    if (x.type.dtype === 'i64' || x.type.dtype === 'u32') return k.reject(`sorting ${x.type.dtype} is not supported`)
    const y = onLast(b, sortable(b, x), axis, (v) => ascending(b, v)[which])
    return which === 'values' ? castTo(b, y, x.type.dtype) : y
  })
}

/** `axis` is -1 where the file leaves it out, all elements in a row where it says null. */
function axisOption(k: KerasOp) {
  const axis = k.config('axis')
  return axis === undefined ? (k.argument(99, 'axis') ?? -1) : axis
}

type Method = 'linear' | 'lower' | 'higher' | 'nearest' | 'midpoint'
const methods: ReadonlySet<string> = new Set(['linear', 'lower', 'higher', 'nearest', 'midpoint'])

/** What a quantile is made of: places in the sorted row, [place, weight]. */
function terms(method: Method, at: number): readonly (readonly [number, number])[] {
  const [low, high] = [Math.floor(at), Math.ceil(at)]
  if (method === 'lower') return [[low, 1]]
  if (method === 'higher') return [[high, 1]]
  if (method === 'midpoint') {
    return [
      [low, 0.5],
      [high, 0.5],
    ]
  }
  // Halves go to the even neighbour.
  if (method === 'nearest') return [[at - low === 0.5 ? 2 * Math.round(at / 2) : Math.round(at), 1]]
  return low === high
    ? [[low, 1]]
    : [
        [low, high - at],
        [high, at - low],
      ]
}

/** The reduced dims as one last dim. */
function rowsOf(k: KerasOp, b: OpBuilder, x: Value): { rows: Value; axes: number[] } {
  const rank = x.type.shape.length
  const stated = option(k, 'axis')
  const axes = axesOf(k, stated, rank)
  const kept = Array.from({ length: rank }, (_, i) => i).filter((i) => !axes.includes(i))
  const others = kept.map((i) => x.type.shape[i]!)
  const turned = permute(b, x, [...kept, ...axes])
  return { rows: reshapeTo(b, turned, [...others, mulDims(...axes.map((a) => x.type.shape[a]!))], [x]), axes }
}

/** `divisor` is 100 for percentiles. Of several quantiles the first dim tells which. */
function quantile(q: (k: KerasOp) => unknown, divisor: number, ignoresNan: boolean, methodOf?: () => Method): Lowering {
  return layer((k, b) => {
    const f = new Formula(b)
    const x = floats(k, b)
    const method = methodOf?.() ?? String(option(k, 'method') ?? 'linear')
    if (!methods.has(method)) return k.reject(`the method ${method} is not supported`)
    const { quantiles, isList } = constantsOf(k, b, q(k))
    const { rows, axes } = rowsOf(k, b, x)
    const size = rows.type.shape.at(-1)!
    const last = rows.type.shape.length - 1
    const isNan = f.notEqual(rows, rows)
    const values = ascending(b, f.select(isNan, Number.POSITIVE_INFINITY, rows)).values
    const results = quantiles.map((v) => {
      const part = v / divisor
      if (part < 0 || part > 1) return k.reject(`the quantile ${v} is outside its range`)
      const y =
        ignoresNan || typeof size !== 'number'
          ? amongValid(b, values, isNan, part, method as Method)
          : terms(method as Method, Math.fround(part) * (size - 1))
              .map(([at, weight]) => {
                const picked = sliceAxis(b, values, last, at, 1)
                return weight === 1 ? picked : f.mul(picked, weight)
              })
              .reduce((a, v) => f.add(a, v))
      const isKnown = ignoresNan ? undefined : b.op(op.reduceAny, [isNan, b.i32([last])], { keepDims: true })
      return isKnown ? f.select(isKnown, Number.NaN, y) : y
    })
    const shaped = results.map((y) => {
      const flat = squeezeDim(b, y, last)
      return option(k, 'keepdims') === true ? axes.toSorted((p, r) => p - r).reduce((v, a) => expandDims(b, v, a), flat) : flat
    })
    return isList ? b.op(op.pack, shaped, { valuesCount: shaped.length, axis: 0 }) : shaped[0]!
  })
}

/** Of each row the quantile of its numbers, which come before the others; NaN where it has none. */
function amongValid(b: OpBuilder, values: Value, isNan: Value, part: number, method: Method): Value {
  const f = new Formula(b)
  const last = values.type.shape.length - 1
  const count = f.sum(castTo(b, f.not(isNan), 'f32'), [last], true)
  const at = f.max(f.mul(f.sub(count, 1), part), 0)
  const low = f.floor(at)
  const high = b.op(op.ceil, [at])
  const places = castTo(b, placesAlong(b, values, last), 'f32')
  // Infinite elements beyond the valid ones must not meet a factor of 0.
  const pick = (place: Value): Value => f.sum(f.select(f.equal(places, place), values, 0), [last], true)
  const between = f.sub(at, low)
  const y =
    method === 'lower'
      ? pick(low)
      : method === 'higher'
        ? pick(high)
        : method === 'nearest'
          ? pick(b.op(op.round, [at]))
          : method === 'midpoint'
            ? f.mul(f.add(pick(low), pick(high)), 0.5)
            : f.add(f.mul(pick(low), f.sub(1, between)), f.mul(pick(high), between))
  return f.select(f.greater(count, 0), y, Number.NaN)
}

function constantsOf(k: KerasOp, b: OpBuilder, q: unknown): { quantiles: readonly number[]; isList: boolean } {
  const value = tensorOf(k, b, q as never, 'f32')
  const numbers = value.data && castTo(b, value, 'f32').data
  if (!numbers || value.type.shape.length > 1) return k.reject('q must be a constant number or a list of them')
  const bytes = numbers.bytes()
  return { quantiles: [...new Float32Array(bytes.slice().buffer)], isList: value.type.shape.length === 1 }
}

/** How many elements of the sorted vector lie before each value. */
function searchSorted(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [row, values] = promoted(k, b, [k.argument(0, 'sorted_sequence'), k.argument(1, 'values')]) as [Value, Value]
  const columns = reshapeTo(b, values, [...values.type.shape, 1])
  const before = option(k, 'side') === 'right' ? f.lessEqual(row, columns) : f.less(row, columns)
  return f.sum(castTo(b, before, 'i32'), [values.type.shape.length])
}

function digitize(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const bins = toF32(b, tensorOf(k, b, k.argument(1, 'bins'), 'f32'))
  if (bins.type.shape.length !== 1) return k.reject('the bins must be a vector')
  const x = floats(k, b)
  return f.sum(castTo(b, f.lessEqual(bins, reshapeTo(b, x, [...x.type.shape, 1])), 'i32'), [x.type.shape.length])
}

/** As long as the largest number needs, `minlength` at least. */
function bincount(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  if (option(k, 'sparse') === true) return k.reject('sparse results are not supported')
  const x = toI32(b, first(k, b))
  const most = b.op(op.reduceMax, [x, b.i32(x.type.shape.map((_, i) => i))])
  const size = f.max(f.add(most, 1), numberOption(k, 'minlength', 0))
  const weights = option(k, 'weights') == null ? b.i32([], [0]) : tensorOf(k, b, option(k, 'weights'))
  return run(k, b, 'DenseBincount', [x, size, weights], { T: { type: weights.type.dtype } })
}

export const sorting: LoweringRegistry = {
  Sort: sorted('values'),
  Argsort: sorted('indices'),
  Median: quantile(() => 0.5, 1, false),
  // Keras takes the linear one whatever the option says.
  Quantile: quantile(
    (k) => k.argument(1, 'q'),
    1,
    false,
    () => 'linear',
  ),
  Percentile: quantile((k) => k.argument(1, 'q'), 100, false),
  Nanmedian: quantile(() => 0.5, 1, true),
  Nanquantile: quantile((k) => k.argument(1, 'q'), 1, true),
  Nanpercentile: quantile((k) => k.argument(1, 'q'), 100, true),
  SearchSorted: layer(searchSorted),
  Digitize: layer(digitize),
  Bincount: layer(bincount),
  TopK: layer((k, b) => b.ops(op.topkV2, [first(k, b), b.i32([numberOption(k, 'k', 1)], [])])),
  InTopK: layer((k, b) =>
    run(k, b, 'InTopKV2', [
      toF32(b, tensorOf(k, b, k.argument(1, 'predictions'))),
      tensorOf(k, b, k.argument(0, 'targets')),
      b.i32([numberOption(k, 'k', 1)], []),
    ]),
  ),
}
