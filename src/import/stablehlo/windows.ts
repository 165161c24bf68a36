import type { MlirBlock, MlirValue } from '../../wire/mlir/types.ts'
import { flag, int, ints, type Size, type Sizes, type Tensor, text } from './body.ts'
import { dtypeOf, isFloat } from './elements.ts'
import { type HloOp, type Translate, type Translated, wordOf } from './hlo-op.ts'
import { padded } from './moves.ts'
import { differBy, entriesOf, sumOf } from './open-sizes.ts'
import { type Combiner, combinerOf } from './reduce.ts'

/** A window that slides over `x`: one entry for each dim. */
interface Window {
  readonly x: Tensor
  readonly shape: Sizes
  readonly result: Sizes
  readonly size: readonly number[]
  readonly strides: readonly number[]
  readonly low: readonly number[]
  readonly high: readonly number[]
  readonly baseDilation: readonly number[]
  readonly dilation: readonly number[]
  /** Undefined for what is no single op. */
  readonly by: Combiner | undefined
  readonly combine: (x: Tensor, y: Tensor, shape: Sizes) => Tensor
  /** What lies outside: a scalar. */
  readonly fill: () => Tensor
  readonly isFloat: boolean
}

type Sliding = Pick<Window, 'size' | 'strides' | 'low' | 'high' | 'baseDilation' | 'dilation'>

function reduceWindow(o: HloOp): Translated {
  const [block] = o.op.regions
  const rank = o.rank(0)
  const size = o.perDim('window_dimensions', rank, undefined, 1)
  const padding = o.perDim('padding', 2 * rank, 0)
  const every = (name: string) => o.perDim(name, rank, 1, 1)
  const sliding: Sliding = {
    size,
    strides: every('window_strides'),
    low: size.map((_s, d) => padding[2 * d]!),
    high: size.map((_s, d) => padding[2 * d + 1]!),
    baseDilation: every('base_dilations'),
    dilation: every('window_dilations'),
  }
  return slide(o, block, o.op.operands.length / 2, sliding, (i) => ({ x: o.in(i), shape: o.shape(i) }))
}

function slide(
  o: HloOp,
  block: MlirBlock | undefined,
  count: number,
  sliding: Sliding,
  operand: (i: number) => Pick<Window, 'x' | 'shape'>,
): Translated {
  return o.op.results.map((_, i) => {
    const dtype = o.dtype(i)
    const by = block && combinerOf(block, i, count, dtype)
    if (!block || (!by && count > 1)) return o.refuse()
    const init = o.splat(count + i)
    const w: Window = {
      ...sliding,
      ...operand(i),
      result: o.result(i),
      by,
      combine: (x, y, shape) => (by ? o.body.op(by.pair, [x, y]) : o.inline(block, [x, y], shape)[0]!),
      fill: () => o.in(count + i),
      isFloat: isFloat(dtype),
    }
    // XLA leaves open how often what lies outside takes part: of other regions it changes nothing.
    const isNeutral = !by || (init !== undefined && by.isNeutral(init, dtype))
    const y = (isNeutral ? (running(o, w) ?? pool(o, w)) : undefined) ?? shifted(o, w)
    return isNeutral ? y : o.body.op(by.pair, [y, w.fill()])
  })
}

/** A window over all that lies before, or behind. */
function running(o: HloOp, w: Window): Tensor | undefined {
  const axes = w.size.flatMap((s, d) => (s > 1 ? [d] : []))
  const [axis] = axes
  if (axes.length !== 1 || axis === undefined) return undefined
  const isPlain = w.size.every(
    (s, d) =>
      w.strides[d] === 1 &&
      w.dilation[d] === 1 &&
      w.baseDilation[d] === 1 &&
      (d === axis || (w.low[d] === 0 && w.high[d] === 0 && s === 1)),
  )
  const last = w.size[axis]! - 1
  const [low, high] = [w.low[axis], w.high[axis]]
  const isReverse = low === 0 && high === last
  if (!isPlain || w.shape[axis] !== last + 1 || !(isReverse || (low === last && high === 0))) return undefined
  const { body } = o
  if (w.by?.name === 'add' || w.by?.name === 'multiply') return cumulated(o, w.by.name, w.x, axis, isReverse)
  // Twice as far in each step. @see Hillis and Steele, 1986
  let x = w.x
  for (let by = 1; by <= last; by *= 2) {
    const pads = w.size.flatMap((_, d) => (d !== axis ? [0, 0] : isReverse ? [0, by] : [by, 0]))
    const wide = body.op('PadV2', [x, body.ints(pads, [w.size.length, 2]), w.fill()])
    const moved = isReverse ? body.slice(wide, w.size.length, axis, by, undefined) : body.slice(wide, w.size.length, axis, 0, last + 1)
    x = w.combine(x, moved, w.shape)
  }
  return x
}

function cumulated(o: HloOp, by: 'add' | 'multiply', x: Tensor, axis: number, isReverse: boolean): Tensor {
  return o.body.op(by === 'add' ? 'Cumsum' : 'Cumprod', [x, o.body.ints([axis], [])], {
    exclusive: flag(false),
    reverse: flag(isReverse),
  })
}

/**
 * Where sizes are open the window comes as operands: sizes, strides, dilations and what is put around. What a run tells of it may be a window
 * over all that lies before or behind, or over whole dims.
 */
export function dynamicReduceWindow(o: HloOp, block: MlirBlock): Translated {
  const { body } = o
  const count = (o.op.operands.length - 5) / 2
  const [size, strides, baseDilation, dilation] = [0, 1, 2, 3].map((i) => o.known(2 * count + i))
  if (!size) return openWindow(o, block)
  if (!strides || !baseDilation || !dilation || baseDilation.some((d) => d !== 1)) return o.refuse()
  const at = 2 * count + 4
  const none = size.map(() => 0)
  return slide(o, block, count, { size, strides, low: none, high: none, baseDilation, dilation }, (i) => ({
    x: body.op('PadV2', [o.in(i), body.cast(o.in(at), o.dtype(at), 'i32'), o.in(count + i)]),
    shape: o.shape(i).map(() => undefined),
  }))
}

function openWindow(o: HloOp, block: MlirBlock): Tensor {
  const { body } = o
  const rank = o.rank(0)
  const by = combinerOf(block, 0, 1, o.dtype(0)) ?? o.refuse()
  const entries = [2, 3, 4, 5, 6].map((i) => entriesOf(o.scope, o.operand(i)) ?? o.refuse())
  const [window, strides, baseDilation, dilation, pads] = entries as [Entries, Entries, Entries, Entries, Entries]
  const init = o.splat(1)
  const isPlain = [...strides, ...baseDilation, ...dilation].every((n) => n === 1)
  if (o.op.results.length !== 1 || !isPlain || window.length !== rank || pads.length !== 2 * rank) return o.refuse()
  const isNeutral = init !== undefined && by.isNeutral(init, o.dtype(0))
  const axes = window.flatMap((size, d) => (size === 1 && pads[2 * d] === 0 && pads[2 * d + 1] === 0 ? [] : [d]))
  // Without padding, what gives one element takes all of the dim.
  if (axes.every((d) => o.result()[d] === 1 && pads[2 * d] === 0 && pads[2 * d + 1] === 0)) {
    const y = body.op(by.along, [o.in(0), body.ints(axes)], { keep_dims: flag(true) })
    return isNeutral ? y : body.op(by.pair, [y, o.in(1)])
  }
  const [axis] = axes
  if (axes.length !== 1 || axis === undefined || !isNeutral) return o.refuse()
  const [size, low, high] = [window[axis]!, pads[2 * axis]!, pads[2 * axis + 1]!]
  const isReverse = low === 0
  const far = isReverse ? high : low
  const isSoFar = typeof size !== 'number' && typeof far !== 'number' && (low === 0 || high === 0)
  if (!isSoFar || !differBy(sumOf(o.scope, size), sumOf(o.scope, far), 1)) return o.refuse()
  // What JAX calls so slides over all of its axis.
  const isWhole = /^cum(sum|prod|max|min|logsumexp)(_\d+)?$/.test(o.scope.name)
  if (by.name === 'add') return isWhole ? cumulated(o, by.name, o.in(0), axis, isReverse) : runningSum(o, size, axis, isReverse)
  return isWhole ? combinedSoFar(o, by, axis, isReverse) : o.refuse()
}

type Entries = readonly (number | MlirValue)[]

/** A sum over the last `width` places, or the next. */
function runningSum(o: HloOp, width: MlirValue, axis: number, isReverse: boolean): Tensor {
  const { body } = o
  if (o.dtype(0) === 'bool') return o.refuse()
  const sums = cumulated(o, 'add', o.in(0), axis, isReverse)
  // Less what lies further off than the window is wide, which is nothing where it is as long as the axis.
  const length = body.size({ of: o.in(0), axis })
  const span = body.cast(o.wholeOf(width), dtypeOf(width.type), 'i32')
  const own = isReverse ? body.op('AddV2', [body.range(length), span]) : body.op('Sub', [body.range(length), span])
  const last = body.op('Sub', [length, body.ints([1], [])])
  const within = body.op('Minimum', [body.op('Maximum', [own, body.ints([0], [])]), last])
  const beyond = body.op('GatherV2', [sums, within, body.ints([axis], [])], { batch_dims: int(0) })
  const counts = body.reshape(body.op('Equal', [own, within]), ['rest', ...new Array<number>(o.rank(0) - axis - 1).fill(1)])
  return body.op('Sub', [sums, body.op('SelectV2', [counts, beyond, body.numbers(o.dtype(0), [0])])])
}

/** Of each place, over a row of all places: those that do not count are the neutral one. */
function combinedSoFar(o: HloOp, by: Combiner, axis: number, isReverse: boolean): Tensor {
  const { body } = o
  const rank = o.rank(0)
  const shape = o.shape(0)
  const size = shape[axis] ?? { of: o.in(0), axis }
  const after = new Array<number>(rank - axis - 1).fill(1)
  const [to, from] = [body.reshape(body.range(size), ['rest', 1, ...after]), body.reshape(body.range(size), ['rest', ...after])]
  const counts = body.op(isReverse ? 'GreaterEqual' : 'LessEqual', [from, to])
  const rows = body.op('ExpandDims', [o.in(0), body.ints([axis], [])])
  return body.op(by.along, [body.op('SelectV2', [counts, rows, o.in(1)]), body.ints([axis + 1])], { keep_dims: flag(false) })
}

/** Windows over up to three dims of floats are pools; all other dims are the batch, and the last of them the channels. */
function pool(o: HloOp, w: Window): Tensor | undefined {
  const { body } = o
  const name = w.by?.name
  const rank = w.size.length
  const spatial = w.size.flatMap((s, d) => (s > 1 || w.strides[d]! > 1 || w.low[d] !== 0 || w.high[d] !== 0 ? [d] : []))
  const others = w.size.flatMap((_, d) => (spatial.includes(d) ? [] : [d]))
  const isPool = w.isFloat && (name === 'maximum' || name === 'minimum' || name === 'add')
  if (!isPool || spatial.length === 0 || spatial.length > 3 || others.length === 0) return undefined
  if (w.dilation.some((d) => d > 1) || w.baseDilation.some((d) => d > 1)) return undefined
  const pads = spatial.map((d) => [w.low[d]!, w.high[d]!] as const)
  if (pads.flat().some((p) => p < 0)) return undefined
  const order = [...others.slice(0, -1), ...spatial, others.at(-1)!]
  // A line is an image of height 1.
  const flat = spatial.length === 1 ? 1 : 0
  const [window, strides] = [w.size, w.strides].map((of) => [...new Array<number>(flat).fill(1), ...spatial.map((d) => of[d]!)]) as [
    number[],
    number[],
  ]
  const edges = [...new Array<readonly [number, number]>(flat).fill([0, 0]), ...pads]
  let x = body.transpose(w.x, order)
  if (name === 'minimum') x = body.op('Neg', [x])
  const sizes = body.sizesOf(
    x,
    order.map((d) => w.shape[d]),
  )
  const area = [...new Array<number>(flat).fill(1), ...sizes.slice(others.length - 1, -1)]
  const isImage = flat === 0 && others.length === 2
  if (!isImage) x = body.reshape(x, ['rest', ...area, sizes.at(-1)!])
  const isPadded = pads.some(([low, high]) => low > 0 || high > 0)
  const isSame = edges.every(([low, high], i) => {
    const size = area[i]
    if (typeof size !== 'number') return false
    const total = Math.max(0, (Math.ceil(size / strides[i]!) - 1) * strides[i]! + window[i]! - size)
    return low === Math.floor(total / 2) && high === total - low
  })
  const is3d = spatial.length === 3
  let padding = !isPadded ? 'VALID' : isSame ? 'SAME' : 'EXPLICIT'
  const isOpen = area.some((s) => typeof s !== 'number')
  if (isPadded && (name === 'add' || isOpen || (is3d && !isSame))) {
    const all = [[0, 0], ...edges, [0, 0]].flat()
    const fill = name === 'minimum' ? body.op('Neg', [w.fill()]) : w.fill()
    x = body.op('PadV2', [x, body.ints(all, [edges.length + 2, 2]), fill])
    padding = 'VALID'
  }
  const attrs = {
    ksize: ints([1, ...window, 1]),
    strides: ints([1, ...strides, 1]),
    padding: text(padding),
    data_format: text(is3d ? 'NDHWC' : 'NHWC'),
    ...(padding === 'EXPLICIT' && { explicit_paddings: ints([0, 0, ...edges.flat(), 0, 0]) }),
  }
  let y = body.op(`${name === 'add' ? 'Avg' : 'Max'}Pool${is3d ? '3D' : ''}`, [x], attrs)
  const places = window.reduce((n, s) => n * s, 1)
  if (name === 'add') y = body.op('Mul', [y, body.numbers(o.resultDtype(), [places])])
  if (name === 'minimum') y = body.op('Neg', [y])
  if (!isImage) {
    const pooled = y
    const whole = order.map((d): Size => {
      const place = spatial.indexOf(d)
      return w.result[d] ?? (place < 0 ? { of: w.x, axis: d } : { of: pooled, axis: 1 + flat + place })
    })
    y = body.reshape(y, whole)
  }
  return body.transpose(
    y,
    Array.from({ length: rank }, (_, d) => order.indexOf(d)),
  )
}

/** One slice for each place of the window, one dim after another. */
function shifted(o: HloOp, w: Window): Tensor {
  const { body } = o
  const rank = w.size.length
  if (w.size.reduce((n, s) => n + s, 0) > maxPlaces) return o.refuse()
  const interior = w.baseDilation.map((d) => d - 1)
  let x = padded(o, w.x, w.shape, { low: w.low, high: w.high, interior }, w.fill)
  const shape = w.shape.map((s, d) => (s === undefined ? s : (s - 1) * w.baseDilation[d]! + 1 + w.low[d]! + w.high[d]!))
  for (const [axis, size] of w.size.entries()) {
    const stride = w.strides[axis]!
    if (size === 1 && stride === 1) continue
    const count = w.result[axis]
    const last = (size - 1) * w.dilation[axis]!
    const at = Array.from({ length: size }, (_, k) => {
      const begin = k * w.dilation[axis]!
      const end = count !== undefined ? begin + (count - 1) * stride + 1 : begin < last ? begin - last : undefined
      return body.slice(x, rank, axis, begin, end, stride)
    })
    shape[axis] = count
    x = at.reduce((a, b) => w.combine(a, b, shape))
  }
  return x
}
const maxPlaces = 1024

/** Whether a region of two elements compares the first with the second in one of some ways. */
function compares(block: MlirBlock | undefined, ways: RegExp): boolean {
  const [op] = block?.ops ?? []
  const isPlain = op?.name === 'compare' && block?.ops.length === 2 && block.ops[1]!.operands[0]?.id === op.results[0]?.id
  return isPlain && block.arguments.every((a, i) => op.operands[i]?.id === a.id) && ways.test(wordOf(op, 'comparison_direction'))
}

/** The gradient of a pool of the largest over two dims: each source goes to where the first of the largest is. */
function selectAndScatter(o: HloOp): Tensor {
  const { body } = o
  const rank = o.rank(0)
  const [select, scatter] = o.op.regions
  const size = o.perDim('window_dimensions', rank, 1, 1)
  const strides = o.perDim('window_strides', rank, 1, 1)
  const spatial = size.flatMap((s, d) => (s > 1 || strides[d]! > 1 ? [d] : []))
  const others = size.flatMap((_, d) => (spatial.includes(d) ? [] : [d]))
  const isSum = scatter && combinerOf(scatter, 0, 1, o.dtype(0))?.name === 'add' && o.splat(2) === 0
  const isPadded = o.perDim('padding', 2 * rank, 0).some((p) => p !== 0)
  if (rank !== 4 || spatial.length !== 2 || !compares(select, /^G[ET]$/) || !isSum || isPadded) return o.refuse()
  const order = [others[0]!, ...spatial, others[1]!]
  const [x, sources] = [0, 1].map((i) => body.transpose(o.in(i), order)) as [Tensor, Tensor]
  const attrs = {
    ksize: ints([1, ...spatial.map((d) => size[d]!), 1]),
    strides: ints([1, ...spatial.map((d) => strides[d]!), 1]),
    padding: text('VALID'),
    data_format: text('NHWC'),
  }
  const y = body.op('MaxPoolGrad', [x, body.op('MaxPool', [x], attrs), sources], attrs)
  return body.transpose(
    y,
    order.map((_, d) => order.indexOf(d)),
  )
}

export const windows: Readonly<Record<string, Translate>> = { reduce_window: reduceWindow, select_and_scatter: selectAndScatter }
