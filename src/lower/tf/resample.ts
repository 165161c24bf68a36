import { mulDims } from '../../core/dim.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import { castTo, permute, reshapeTo, sliceAxis, toI32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'
import { shiftedWindows } from './nn.ts'

/*
 * Pictures at other sizes. What has no kernel is a product with a matrix of weights along each side: row i holds how much of each
 * input place the output place i takes.
 */

/** Weights of one output place: `add(i, w)` gives w of input place i; places outside are clamped by the caller. */
type Weights = (out: number, add: (place: number, weight: number) => void) => void

function matrix(outputs: number, inputs: number, weights: Weights): number[] {
  const cells = new Array<number>(outputs * inputs).fill(0)
  for (let o = 0; o < outputs; o++) {
    weights(o, (place, w) => {
      const i = Math.max(0, Math.min(inputs - 1, place))
      cells[o * inputs + i]! += w
    })
  }
  return cells
}

/** [N,H,W,C] with `rows` [H',H] and `columns` [W',W] applied to its sides. */
function applied(b: OpBuilder, x: Value, rows: Value, columns: Value): Value {
  const [batch, height, width, channels] = x.type.shape as [number, number, number, number]
  const [h, w] = [rows, columns].map((m) => m.type.shape[0] as number) as [number, number]
  const tall = b.op(op.batchMatmul, [reshapeTo(b, rows, [1, h, height]), reshapeTo(b, x, [batch, height, width * channels])])
  const lines = reshapeTo(b, tall, [mulDims(batch, h), width, channels])
  return reshapeTo(b, b.op(op.batchMatmul, [reshapeTo(b, columns, [1, w, width]), lines]), [batch, h, w, channels])
}

function sides(n: SourceOp, x: Value): [height: number, width: number] {
  const [, height, width, channels] = x.type.shape
  if (x.type.shape.length !== 4) return n.reject(`the images must have rank 4, found ${x.type.shape.length}`)
  if (typeof height !== 'number' || typeof width !== 'number' || typeof channels !== 'number')
    return n.reject('the size of the image must be known', 'State it with --shape.')
  return [height, width]
}

function resampled(n: SourceOp, b: OpBuilder, weightsOf: (input: number, output: number, side: number) => Weights): Value {
  const x = castTo(b, n.in(0), 'f32')
  const size = n.ints(1, 'the size')
  const [rows, columns] = sides(n, x).map((input, side) => {
    const output = size[side]!
    if (!(output > 0)) n.reject(`the size [${size.join(',')}] must be positive`)
    if (input * output > maxCells) n.reject(`a resize from ${input} to ${output} is too large`)
    return b.f32(matrix(output, input, weightsOf(input, output, side)).map(Math.fround), [output, input])
  }) as [Value, Value]
  return applied(b, x, rows, columns)
}
const maxCells = 1 << 22

function scaleOf(n: SourceOp, input: number, output: number): number {
  return Math.fround(n.bool('align_corners', false) && output > 1 ? (input - 1) / (output - 1) : input / output)
}

/**
 * Keys' cubic kernel, from a table of 1024 steps: a = -1/2 with the weights outside dropped where pixel centers are at halves, else a = -3/4.
 * @see TensorFlow resize_bicubic_op.cc
 */
function bicubic(n: SourceOp, b: OpBuilder): Value {
  const half = n.bool('half_pixel_centers', false)
  const a = half ? -0.5 : -0.75
  const near = (x: number) => ((a + 2) * x - (a + 3)) * x * x + 1
  const far = (x: number) => ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a
  return resampled(n, b, (input, output) => {
    const scale = scaleOf(n, input, output)
    return (out, add) => {
      const place = Math.fround(half ? (out + 0.5) * scale - 0.5 : out * scale)
      const first = Math.floor(place)
      const step = Math.round((place - first) * 1024) / 1024
      const taps = [far(step), near(step), near(1 - step), far(1 - step)].map((w, i) => ({ at: first - 1 + i, w }))
      const used = half ? taps.filter(({ at }) => at >= 0 && at < input) : taps
      const sum = half ? used.reduce((s, t) => s + t.w, 0) : 1
      for (const { at, w } of used) add(at, w / sum)
    }
  })
}

/** The mean of what an output place covers. @see TensorFlow resize_area_op.cc */
function area(n: SourceOp, b: OpBuilder): Value {
  return resampled(n, b, (input, output) => {
    const scale = scaleOf(n, input, output)
    return (out, add) => {
      // A side of one place has no steps between its ends.
      if (scale === 0) return add(0, 1)
      const [from, to] = [out * scale, (out + 1) * scale]
      for (let i = Math.floor(from); i < Math.ceil(to); i++) add(i, (Math.min(i + 1, to) - Math.max(i, from)) / scale)
    }
  })
}

const sinc = (x: number) => (x <= 1e-3 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x))
const lanczos = (radius: number) => ({ radius, at: (x: number) => (x > radius ? 0 : sinc(x) * sinc(x / radius)) })

/** @see TensorFlow sampling_kernels.h */
const samplingKernels: ReadonlyMap<string, { readonly radius: number; at(x: number): number }> = new Map([
  ['lanczos1', lanczos(1)],
  ['lanczos3', lanczos(3)],
  ['lanczos5', lanczos(5)],
  ['gaussian', { radius: 1.5, at: (x) => (x >= 1.5 ? 0 : Math.exp(-2 * x * x)) }],
  ['box', { radius: 1, at: (x) => (x < 0.5 ? 1 : x === 0.5 ? 0.5 : 0) }],
  ['triangle', { radius: 1, at: (x) => Math.max(0, 1 - x) }],
  ['keyscubic', { radius: 2, at: (x) => (x >= 2 ? 0 : x >= 1 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : (1.5 * x - 2.5) * x * x + 1) }],
  [
    'mitchellcubic',
    { radius: 2, at: (x) => (x >= 2 ? 0 : x >= 1 ? (((-7 / 18) * x + 2) * x - 10 / 3) * x + 16 / 9 : ((7 / 6) * x - 2) * x * x + 8 / 9) },
  ],
])

/** @see TensorFlow scale_and_translate_op.cc, ComputeSpansCore */
function scaleAndTranslate(n: SourceOp, b: OpBuilder): Value {
  const kind = n.string('kernel_type', 'lanczos3')
  const kernel = samplingKernels.get(kind) ?? n.reject(`the kernel ${kind} is not known`)
  const [scales, translations] = [floats(n, 2, 'the scale'), floats(n, 3, 'the translation')]
  const antialias = n.bool('antialias', true)
  return resampled(n, b, (input, _, side) => {
    // In f32 as TensorFlow has it: where a place lies on the edge of the kernel, rounding decides.
    const inverse = Math.fround(1 / scales[side]!)
    const wide = antialias ? Math.max(inverse, 1) : 1
    return (out, add) => {
      const place = Math.fround(Math.fround((out + 0.5) * inverse) + Math.fround(-inverse * translations[side]!))
      if (place < 0 || place > input) return
      const first = Math.max(0, Math.min(input - 1, Math.ceil(place - kernel.radius * wide - 0.5)))
      const last = Math.max(0, Math.min(input - 1, Math.floor(place + kernel.radius * wide - 0.5)))
      const weights = Array.from({ length: last - first + 1 }, (__, i) => kernel.at(Math.abs(first + i + 0.5 - place) / wide))
      const sum = weights.reduce((s, w) => s + w, 0)
      for (const [i, w] of weights.entries()) add(first + i, Math.abs(sum) < 1e-35 ? w : w / sum)
    }
  })
}

function floats(n: SourceOp, i: number, what: string): readonly number[] {
  const { data } = n.in(i)
  if (!data || n.in(i).type.dtype !== 'f32') return n.reject(`${what} must be constant`)
  return [...new Float32Array(data.bytes().slice().buffer)]
}

function resize(spec: typeof op.resizeBilinear | typeof op.resizeNearestNeighbor) {
  return (n: SourceOp, b: OpBuilder): Value => {
    const { dtype } = n.in(0).type
    const y = b.op(spec as typeof op.resizeBilinear, [castTo(b, n.in(0), 'f32'), toI32(b, n.in(1))], {
      alignCorners: n.bool('align_corners', false),
      halfPixelCenters: n.bool('half_pixel_centers', false),
    })
    return spec === op.resizeBilinear ? y : castTo(b, y, dtype)
  }
}

/** Boxes [B,4] = (y1,x1,y2,x2) of images, at one size. Weights are found at run time; places outside get the extrapolation value. */
function cropAndResize(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [boxes, at, size] = [n.in(1), toI32(b, n.in(2)), n.ints(3, 'the crop size')]
  const method = n.string('method', 'bilinear')
  const images = castTo(b, n.in(0), 'f32')
  const lengths = sides(n, images)
  const [count] = boxes.type.shape
  const axes = lengths.map((length, side) => {
    const [from, to] = [side, side + 2].map((i) => sliceAxis(b, boxes, 1, i, 1)) as [Value, Value]
    const steps = size[side]!
    if (!(steps > 0)) n.reject(`the crop size [${size.join(',')}] must be positive`)
    const last = length - 1
    const middle = f.mul(f.add(from, to), 0.5 * last)
    const positions = b.f32(
      Array.from({ length: steps }, (_, i) => i),
      [1, steps],
    )
    const place = steps === 1 ? middle : f.add(f.mul(from, last), f.mul(positions, f.mul(f.sub(to, from), Math.fround(last / (steps - 1)))))
    const column = reshapeTo(b, place, [count!, steps, 1])
    const all = b.f32(
      Array.from({ length }, (_, i) => i),
      [1, 1, length],
    )
    const weights =
      method === 'nearest' ? castTo(b, f.equal(f.floor(f.add(column, 0.5)), all), 'f32') : f.max(f.sub(1, f.abs(f.sub(column, all))), 0)
    return { weights, steps, isInside: f.and(f.greaterEqual(place, 0), f.lessEqual(place, last)) }
  }) as [Axis, Axis]
  const picked = b.op(op.gather, [images, at], { axis: 0 })
  const [, height, width, channels] = images.type.shape as [number, number, number, number]
  const [rows, columns] = axes
  const tall = b.op(op.batchMatmul, [rows.weights, reshapeTo(b, picked, [count!, height, width * channels])])
  const lines = reshapeTo(b, tall, [count!, rows.steps, width, channels])
  const crops = b.op(op.batchMatmul, [reshapeTo(b, columns.weights, [count!, 1, columns.steps, width]), lines])
  const isInside = f.and(
    reshapeTo(b, rows.isInside, [count!, rows.steps, 1, 1]),
    reshapeTo(b, columns.isInside, [count!, 1, columns.steps, 1]),
  )
  return f.select(isInside, crops, Math.fround(n.float('extrapolation_value', 0)))
}

interface Axis {
  readonly weights: Value
  readonly steps: number
  readonly isInside: Value
}

/** Windows laid out along the channels; blocks that neither overlap nor leave gaps are SPACE_TO_DEPTH. */
function extractPatches(n: SourceOp, b: OpBuilder): Value {
  const x = n.in(0)
  const [window, stride, rate] = ['ksizes', 'strides', 'rates'].map((name) => {
    const list = n.list(name, 4)
    if (list[0] !== 1 || list[3] !== 1) n.reject(`${name} [${list.join(',')}] reaches over batch or channels`)
    return [list[1]!, list[2]!] as [number, number]
  }) as [[number, number], [number, number], [number, number]]
  const [height, width] = sides(n, x)
  const [block] = window
  const areBlocks = window[1] === block && stride[0] === block && stride[1] === block && height % block === 0 && width % block === 0
  if (areBlocks && block > 1 && (x.type.dtype === 'f32' || x.type.dtype === 'i32')) return b.op(op.spaceToDepth, [x], { blockSize: block })
  const places = shiftedWindows(n, b, x, window, stride, rate, 0)
  return places.length === 1 ? places[0]! : b.op(op.concatenation, places, { axis: 3 })
}

function blocks(spec: typeof op.depthToSpace | typeof op.spaceToDepth) {
  return (n: SourceOp, b: OpBuilder): Value => {
    const format = n.string('data_format', 'NHWC')
    if (format !== 'NHWC' && format !== 'NCHW') n.reject(`data format ${format} is not supported`)
    const isFirst = format === 'NCHW'
    const x = isFirst ? permute(b, n.in(0), [0, 2, 3, 1]) : n.in(0)
    const y = b.op(spec as typeof op.depthToSpace, [x], { blockSize: n.int('block_size') })
    return isFirst ? permute(b, y, [0, 3, 1, 2]) : y
  }
}

/** Pads or crops of the two image dims, one block size. */
function blockV1(spec: typeof op.spaceToBatchNd | typeof op.batchToSpaceNd) {
  return (n: SourceOp, b: OpBuilder): Value => {
    const size = n.int('block_size')
    return b.op(spec as typeof op.spaceToBatchNd, [n.in(0), b.i32([size, size]), toI32(b, n.in(1))])
  }
}

export const image: LoweringRegistry = {
  ResizeBilinear: resize(op.resizeBilinear),
  ResizeNearestNeighbor: resize(op.resizeNearestNeighbor),
  ResizeBicubic: bicubic,
  ResizeArea: area,
  ScaleAndTranslate: scaleAndTranslate,
  CropAndResize: cropAndResize,
  ExtractImagePatches: extractPatches,
  DepthToSpace: blocks(op.depthToSpace),
  SpaceToDepth: blocks(op.spaceToDepth),
  SpaceToBatch: blockV1(op.spaceToBatchNd),
  BatchToSpace: blockV1(op.batchToSpaceNd),
}
