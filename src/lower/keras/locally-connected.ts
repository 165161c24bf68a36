import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { expandDims, permute, reshapeTo, squeezeDim } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import { activate } from './activations.ts'
import { type KerasOp, layer } from './keras-op.ts'
import { knownSize } from './operations/operation.ts'
import { patchesOf } from './operations/windows.ts'

/*
 * Convolutions of Keras 2 with a filter of its own at each place: a product for each of all windows. @see tf_keras LocallyConnected2D
 */

/** Which windows there are; in one dim of pictures of one row. */
interface Places {
  readonly isChannelsFirst: boolean
  readonly from: readonly number[]
  readonly to: readonly number[]
  readonly size: readonly number[]
  readonly stride: readonly number[]
  /** Zeros before each dim. Padding `same` puts half a window there at any stride, unlike TensorFlow's. */
  readonly before: readonly number[]
  readonly channels: number
  readonly filters: number
}

function locallyConnected(rank: 1 | 2) {
  return layer((k, b) => {
    if (k.rank !== rank + 2) k.reject(`the input must have rank ${rank + 2}, found ${k.rank}`)
    const isFirst = k.isChannelsFirst
    const y = rowAsPicture(b, k.f32, rank, isFirst, (x) => windowed(k, b, x, rank))
    const bias = k.weight('bias')
    if (!bias) return activate(k, b, y)
    // Channels-first biases are read in the order of the file, not transposed.
    const { shape } = bias.type
    const aligned = isFirst ? reshapeTo(b, bias, [shape.at(-1)!, ...shape.slice(0, -1)]) : bias
    return activate(k, b, b.op(op.add, [y, aligned]))
  })
}

/** Runs `work` on channels-last pictures. */
function rowAsPicture(b: OpBuilder, x: Value, rank: 1 | 2, isFirst: boolean, work: (x: Value) => Value): Value {
  const last = isFirst ? permute(b, x, rank === 1 ? [0, 2, 1] : [0, 2, 3, 1]) : x
  const y = rank === 1 ? squeezeDim(b, work(expandDims(b, last, 1)), 1) : work(last)
  return isFirst ? permute(b, y, rank === 1 ? [0, 2, 1] : [0, 3, 1, 2]) : y
}

function windowed(k: KerasOp, b: OpBuilder, x: Value, rank: 1 | 2): Value {
  const padding = k.text('padding', 'valid').toLowerCase()
  if (padding !== 'valid' && padding !== 'same') return k.reject(`padding ${padding} is not supported`)
  const [size, stride] = [k.sizes('kernel_size', rank, 1), k.sizes('strides', rank, 1)].map((v) => (rank === 1 ? [1, ...v] : v)) as [
    number[],
    number[],
  ]
  const from = [1, 2].map((axis) => knownSize(k, x, axis))
  const before = size.map((s) => (padding === 'same' ? Math.floor(s / 2) : 0))
  const to = from.map((n, i) => Math.ceil((padding === 'same' ? n : n - size[i]! + 1) / stride[i]!))
  const after = from.map((n, i) => Math.max(0, (to[i]! - 1) * stride[i]! + size[i]! - before[i]! - n))
  const places: Places = {
    isChannelsFirst: k.isChannelsFirst,
    from,
    to,
    size,
    stride,
    before,
    channels: knownSize(k, x, 3),
    filters: k.num('filters'),
  }
  const pads = [0, 0, before[0]!, after[0]!, before[1]!, after[1]!, 0, 0]
  const padded = pads.some((p) => p > 0) ? b.op(op.pad, [x, b.i32(pads, [4, 2])]) : x
  const windows = patchesOf(k, b, padded, { size, stride, dilation: [1, 1], padding: 'valid' })
  const n = windows.type.shape[0]!
  const turned = permute(b, reshapeTo(b, windows, [n, to[0]! * to[1]!, size[0]! * size[1]! * places.channels]), [1, 0, 2])
  const y = permute(b, b.op(op.batchMatmul, [turned, kernelOf(k, b, places)]), [1, 0, 2])
  return reshapeTo(b, y, [n, ...to, places.filters])
}

/** The kernel as [places, window * channels, filters], as `implementation` 1 stores it of channels-last data. */
function kernelOf(k: KerasOp, b: OpBuilder, p: Places): Value {
  const kernel = k.required('kernel')
  const implementation = k.num('implementation', 1)
  const order = implementation === 1 ? byWindow : implementation === 2 ? byPixel : implementation === 3 ? byPair : undefined
  if (!order) return k.reject(`implementation ${implementation} is not one of Keras, which has 1, 2 and 3`)
  if (order === byWindow && !p.isChannelsFirst) return kernel
  const at = elements(p)
  const index = order(p, at)
  const count = kernel.type.shape.reduce<number>((n, d) => n * (d as number), 1)
  const flat = b.op(op.concatenation, [reshapeTo(b, kernel, [count]), b.f32([0], [1])], { axis: 0 })
  const where = at.map((e) => (e.isInside ? index(e) : count))
  const shape = [p.to[0]! * p.to[1]!, p.size[0]! * p.size[1]! * p.channels, p.filters]
  return b.op(op.gather, [flat, b.i32(where, shape)], { axis: 0, batchDims: 0 })
}

/** One weight: between channel `c` at `from` and filter `f` at `to`, the place `offset` of its window. */
interface Element {
  readonly to: number
  readonly offset: number
  readonly from: number
  readonly c: number
  readonly f: number
  /** Whether `from` lies in the picture, not in the zeros around it. */
  readonly isInside: boolean
}

function elements(p: Places): Element[] {
  const list: Element[] = []
  const [height, width] = p.from as [number, number]
  for (let ty = 0; ty < p.to[0]!; ty++)
    for (let tx = 0; tx < p.to[1]!; tx++)
      for (let oy = 0; oy < p.size[0]!; oy++)
        for (let ox = 0; ox < p.size[1]!; ox++) {
          const [y, x] = [ty * p.stride[0]! - p.before[0]! + oy, tx * p.stride[1]! - p.before[1]! + ox]
          const isInside = y >= 0 && y < height && x >= 0 && x < width
          const place = { to: ty * p.to[1]! + tx, offset: oy * p.size[1]! + ox, from: y * width + x, isInside }
          for (let c = 0; c < p.channels; c++) for (let f = 0; f < p.filters; f++) list.push({ ...place, c, f })
        }
  return list
}

type Order = (p: Places, all: readonly Element[]) => (e: Element) => number

/** Channels before the cells of each window. */
const byWindow: Order = (p) => {
  const cells = p.size[0]! * p.size[1]!
  return ({ to, offset, c, f }) => ((to * p.channels + c) * cells + offset) * p.filters + f
}

/** A weight for each pair of elements of input and output, most of them unused. */
const byPixel: Order =
  (p) =>
  (e): number =>
    inputOf(p, e) * p.filters * p.to[0]! * p.to[1]! + outputOf(p, e)

/** Only the weights in use, sorted by element of the output, then of the input. */
const byPair: Order = (p, all) => {
  const inputs = p.channels * p.from[0]! * p.from[1]!
  const key = (e: Element) => outputOf(p, e) * inputs + inputOf(p, e)
  const keys = Float64Array.from(all.filter((e) => e.isInside).map(key)).sort()
  const rank = new Map(Array.from(keys, (v, i) => [v, i]))
  return (e) => rank.get(key(e))!
}

const inputOf = (p: Places, { from, c }: Element) => (p.isChannelsFirst ? c * p.from[0]! * p.from[1]! + from : from * p.channels + c)
const outputOf = (p: Places, { to, f }: Element) => (p.isChannelsFirst ? f * p.to[0]! * p.to[1]! + to : to * p.filters + f)

export const locallyConnectedLayers: LoweringRegistry = {
  LocallyConnected1D: locallyConnected(1),
  LocallyConnected2D: locallyConnected(2),
}
