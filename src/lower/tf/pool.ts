import { mulDims } from '../../core/dim.ts'
import { largestF32 } from '../../core/dtype.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { widened } from '../conversions.ts'
import { Formula } from '../formula.ts'
import { castTo, countUp, reshapeTo, shapeOf, sizeAt } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import { SourceOp } from '../source-op.ts'
import { shiftedWindows } from './nn.ts'
import { betweenWindows, channelsLast, padded, paddingMode, windowOf } from './window.ts'

type PoolOp = typeof op.maxPool2d

/** Pools over channels (`[1,1,1,c]`) are reductions of groups of channels. */
function overChannels(n: SourceOp, b: OpBuilder, isMax: boolean): Value | undefined {
  const ksize = n.list('ksize', 4)
  const c = ksize[3]!
  if (n.string('data_format', 'NHWC') !== 'NHWC' || c === 1 || ksize.slice(0, 3).some((v) => v !== 1)) return undefined
  const { shape } = n.in(0).type
  const channels = shape[3]
  if (typeof channels !== 'number' || channels % c !== 0 || n.list('strides', 4)[3] !== c)
    return n.reject('a pool over channels must divide them')
  const groups = reshapeTo(b, n.in(0), [...shape.slice(0, 3), channels / c, c])
  return b.op(isMax ? op.reduceMax : (op.mean as unknown as typeof op.reduceMax), [groups, b.i32([4])])
}

function pool2d(spec: typeof op.maxPool2d | typeof op.averagePool2d) {
  return (n: SourceOp, b: OpBuilder): Value => {
    const isMax = spec === op.maxPool2d
    const special = overChannels(n, b, isMax)
    if (special) return special
    if (n.in(0).type.dtype === 'c64') n.reject('complex numbers are not supported')
    const y = channelsLast(n, b, castTo(b, n.in(0), 'f32'), (input, hw) => {
      const { x, padding } = padded(n, b, input, hw, -largestF32)
      if (x !== input && !isMax) n.reject('explicit padding of an average pool is not supported')
      return b.op(spec as PoolOp, [x], { padding, filter: windowOf(n, 'ksize', hw), stride: windowOf(n, 'strides', hw) })
    })
    return castTo(b, y, n.in(0).type.dtype)
  }
}

/** Window and strides come as operands. */
function maxPoolV2(n: SourceOp, b: OpBuilder): Value {
  const lists = { ksize: n.ints(1, 'the window'), strides: n.ints(2, 'the strides') }
  const attrs = {
    get: (name: string) =>
      name === 'ksize' || name === 'strides' ? ({ kind: 'ints', value: lists[name] } as const) : n.node.attrs.get(name),
    has: (name: string) => name in lists || n.node.attrs.has(name),
    names: () => [...n.node.attrs.names(), 'ksize', 'strides'],
  }
  return pool2d(op.maxPool2d)(new SourceOp({ ...n.node, attrs }, [n.in(0)], n.context), b)
}

/**
 * Over [N,D,H,W,C]: first each slice on its own, then along D with the pixels of a slice in a row. Every window is a box, cut only by
 * the border, so the mean of the means is the mean.
 */
function pool3d(spec: typeof op.maxPool2d | typeof op.averagePool2d) {
  return (n: SourceOp, b: OpBuilder): Value =>
    channelsLast(n, b, n.in(0), (whole, dhw) => {
      const [size, stride, padding] = [windowOf(n, 'ksize', dhw), windowOf(n, 'strides', dhw), paddingMode(n)]
      const x = betweenWindows(n, b, whole, size, stride)
      const [batch, depth, height, width, channels] = x.type.shape as [number, number, number, number, number]
      const slices = reshapeTo(b, x, [mulDims(batch, depth), height, width, channels])
      const flat = b.op(spec as PoolOp, [slices], { padding, filter: size.slice(1), stride: stride.slice(1) })
      const [, h, w] = flat.type.shape
      const rows = reshapeTo(b, flat, [batch, depth, mulDims(h!, w!), channels], [x, flat])
      const y = b.op(spec as PoolOp, [rows], { padding, filter: [size[0]!, 1], stride: [stride[0]!, 1] })
      return reshapeTo(b, y, [batch, y.type.shape[1]!, h!, w!, channels], [x, flat, y])
    })
}

/** The position is that in the flattened image (and batch, if asked for): carried along as the place that wins each comparison. */
function maxPoolWithArgmax(n: SourceOp, b: OpBuilder): readonly Value[] {
  const f = new Formula(b)
  const x = widened(b, n.in(0))
  const [batch, height, width, channels] = x.type.shape
  if (typeof height !== 'number' || typeof width !== 'number' || typeof channels !== 'number')
    return n.reject('the size of the image must be known', 'State it with --shape.')
  const withBatch = n.bool('include_batch_in_index', false) && batch !== 1
  const image = height * width * channels
  const numbers = Array.from({ length: image }, (_, i) => i)
  const [window, stride] = [windowOf(n, 'ksize', [1, 2]), windowOf(n, 'strides', [1, 2])] as [[number, number], [number, number]]
  const least = x.type.dtype === 'f32' ? -largestF32 : x.type.dtype === 'i64' ? -(2 ** 63) : -(2 ** 31)
  const values = shiftedWindows(n, b, x, window, stride, [1, 1], least)
  const places = shiftedWindows(n, b, b.i32(numbers, [1, height, width, channels]), window, stride, [1, 1], 0)
  let [best, at] = [values[0]!, places[0]!]
  for (let i = 1; i < values.length; i++) {
    const wins = f.greater(values[i]!, best)
    at = f.select(wins, places[i]!, at)
    best = f.max(best, values[i]!)
  }
  if (values.length === 1) at = b.op(op.broadcastTo, [at, shapeOf(b, best)])
  if (withBatch) at = f.add(at, f.mul(reshapeTo(b, countUp(b, sizeAt(b, x, 0)), [batch!, 1, 1, 1]), image))
  return [castTo(b, best, n.in(0).type.dtype), castTo(b, at, n.type('Targmax', 'i64'))]
}

export const pools: LoweringRegistry = {
  MaxPool: pool2d(op.maxPool2d),
  MaxPoolV2: maxPoolV2,
  AvgPool: pool2d(op.averagePool2d),
  MaxPool3D: pool3d(op.maxPool2d),
  AvgPool3D: pool3d(op.averagePool2d),
  MaxPoolWithArgmax: maxPoolWithArgmax,
}
