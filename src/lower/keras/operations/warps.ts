import { elementCount, isStatic, stridesOf } from '../../../core/shape.ts'
import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { Formula } from '../../formula.ts'
import { castTo, expandDims, reshapeTo, shapeOf, sliceAxis, squeezeDim, toF32 } from '../../operands.ts'
import type { LoweringRegistry } from '../../registry.ts'
import { tensorflowOp } from '../../tf/call.ts'
import { product } from '../../tf/linear.ts'
import { tensorOf } from '../arguments.ts'
import { fixTheShape, type KerasOp, layer } from '../keras-op.ts'
import { pictures } from '../preprocessing.ts'
import { first, knownSize, numberOption, option, run } from './operation.ts'
import { onLast } from './sorting.ts'

/*
 * Pictures and tensors sampled at other places.
 */

/** The operand as f32 of rank `rank`, with a batch of 1 where it has none. */
function batched(k: KerasOp, b: OpBuilder, position: number, name: string, rank: number): Value {
  const v = toF32(b, tensorOf(k, b, k.argument(position, name)))
  return v.type.shape.length === rank ? v : expandDims(b, v, 0)
}

function transformed(k: KerasOp, b: OpBuilder, transforms: Value, mode: string): Value {
  const fill = b.f32([Math.fround(numberOption(k, 'fill_value', 0))], [])
  return pictures(k, b, first(k, b), (x) => {
    const size = b.i32([knownSize(k, x, 1), knownSize(k, x, 2)])
    const attrs = { interpolation: k.text('interpolation', 'bilinear').toUpperCase(), fill_mode: mode }
    return run(k, b, 'ImageProjectiveTransformV3', [x, transforms, size, fill], attrs)
  })
}

/** The projective transform [M,8] that takes the end points [M,4,2] to the start points. */
function between(k: KerasOp, b: OpBuilder, start: Value, end: Value): Value {
  const f = new Formula(b)
  const coordinate = (v: Value, point: number, axis: number): Value =>
    squeezeDim(b, sliceAxis(b, sliceAxis(b, v, 1, point, 1), 2, axis, 1), 2)
  const row = (terms: readonly Value[]): Value => b.op(op.concatenation, terms, { axis: 1 })
  const targets: Value[] = []
  const rows = [0, 1, 2, 3].flatMap((i) => {
    const [sx, sy, ex, ey] = [coordinate(start, i, 0), coordinate(start, i, 1), coordinate(end, i, 0), coordinate(end, i, 1)]
    const zero = b.op(op.zerosLike, [ex])
    const one = f.add(zero, 1)
    targets.push(sx, sy)
    const products = (s: Value): Value[] => [f.neg(f.mul(s, ex)), f.neg(f.mul(s, ey))]
    return [row([ex, ey, one, zero, zero, zero, ...products(sx)]), row([zero, zero, zero, ex, ey, one, ...products(sy)])]
  })
  const matrix = b.op(op.pack, rows, { valuesCount: rows.length, axis: 1 })
  return squeezeDim(b, run(k, b, 'MatrixSolve', [matrix, expandDims(b, row(targets), 2)]), 2)
}

/** An index beyond the ends, and whether it counts. @see keras backend/tensorflow/image.py, map_coordinates */
function placed(k: KerasOp, f: Formula, at: Value, size: number, mode: string): { at: Value; isValid?: Value } {
  const within = f.max(f.min(at, size - 1), 0)
  if (mode === 'constant') return { at: within, isValid: f.and(f.greaterEqual(at, 0), f.less(at, size)) }
  if (mode === 'nearest') return { at: within }
  if (mode === 'wrap') return { at: f.floorMod(at, size) }
  if (mode !== 'mirror' && mode !== 'reflect') return k.reject(`fill_mode ${mode} is not supported`)
  const phase = f.floorMod(f.abs(at), 2 * size)
  const turned = f.sub(f.neg(phase), mode === 'reflect' ? 1 - 2 * size : -2 * size)
  return { at: f.select(f.less(phase, size), phase, turned) }
}

/** Elements of a tensor at coordinates, one list for each dim; `order` 1 mixes neighbours. */
function mapCoordinates(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [x, coordinates] = [first(k, b), toF32(b, tensorOf(k, b, k.argument(1, 'coordinates')))]
  const { shape, dtype } = x.type
  if (!isStatic(shape)) return k.reject(`the shape must be known, found [${shape.join(',')}]`, fixTheShape)
  const mode = k.text('fill_mode', 'constant')
  const order = numberOption(k, 'order', 1)
  if (order !== 0 && order !== 1) return k.reject(`the order ${order} is not supported`, 'Use order 0 or 1.')
  const flat = reshapeTo(b, toF32(b, x), [elementCount(shape)!])
  const strides = stridesOf(shape)
  interface Node {
    readonly at: Value
    readonly isValid?: Value | undefined
    readonly weight?: Value | undefined
  }
  const nodes = shape.map((size, dim): Node[] => {
    const c = squeezeDim(b, sliceAxis(b, coordinates, 0, dim, 1), 0)
    const place = (v: Value, weight?: Value): Node => ({ ...placed(k, f, castTo(b, v, 'i32'), size, mode), weight })
    if (order === 0) return [place(b.op(op.round, [c]))]
    const low = f.floor(c)
    const upper = f.sub(c, low)
    return [place(low, f.sub(1, upper)), place(f.add(low, 1), upper)]
  })
  const corners = nodes.reduce<Node[][]>((all, choices) => all.flatMap((path) => choices.map((node) => [...path, node])), [[]])
  const both = (values: readonly (Value | undefined)[], join: (p: Value, q: Value) => Value): Value | undefined =>
    values.reduce((p, q) => (p && q ? join(p, q) : (p ?? q)))
  const parts = corners.map((corner) => {
    const at = both(
      corner.map((node, dim) => f.mul(node.at, strides[dim]!)),
      f.add,
    )!
    const value = b.op(op.gather, [flat, at], { axis: 0, batchDims: 0 })
    const isValid = both(
      corner.map((node) => node.isValid),
      f.and,
    )
    const filled = isValid ? f.select(isValid, value, Math.fround(numberOption(k, 'fill_value', 0))) : value
    const weight = both(
      corner.map((node) => node.weight),
      f.mul,
    )
    return weight ? f.mul(weight, filled) : filled
  })
  const result = parts.reduce((p, q) => f.add(p, q))
  return dtype === 'f32' ? result : castTo(b, b.op(op.round, [result]), dtype)
}

/** The likeliest classes [1,N,T] behind each other, -1 after them, and minus the sum of their scores. */
function ctcDecode(k: KerasOp, b: OpBuilder): readonly Value[] {
  const strategy = k.text('strategy', 'greedy')
  if (strategy !== 'greedy')
    return k.reject(
      `the strategy ${strategy} is not supported`,
      'Use the strategy "greedy", or let the model return its scores and decode them in the app.',
    )
  const x = toF32(b, first(k, b))
  const steps = b.op(op.transpose, [x, b.i32([1, 0, 2])])
  const attrs = { merge_repeated: k.flag('merge_repeated', true), blank_index: k.num('mask_index', 0) }
  const lengths = tensorOf(k, b, k.argument(1, 'sequence_lengths'), 'i32')
  const [at, values, , scores] = tensorflowOp(k, b, 'CTCGreedyDecoder', [steps, lengths], attrs)
  const size = b.op(op.slice, [shapeOf(b, x), b.i32([0]), b.i32([2])])
  const dense = run(k, b, 'SparseToDense', [at!, size, castTo(b, values!, 'i32'), b.i32([-1], [])])
  return [expandDims(b, dense, 0), scores!]
}

/** Weights by the distance of places. @see keras backend/tensorflow/image.py */
const samplers: Readonly<Record<string, (f: Formula, x: Value) => Value>> = {
  linear: (f, x) => f.max(f.sub(1, x), 0),
  cubic: (f, x) => {
    const far = f.select(f.greaterEqual(x, 2), 0, f.polynomial(x, [-0.5, 2.5, -4, 2]))
    return f.select(f.greaterEqual(x, 1), far, f.polynomial(x, [1.5, -2.5, 0, 1]))
  },
  lanczos3: (f, x) => lanczos(f, x, 3),
  lanczos5: (f, x) => lanczos(f, x, 5),
}

function lanczos(f: Formula, x: Value, radius: number): Value {
  const waves = f.mul(f.mul(f.sin(f.mul(x, Math.PI)), f.sin(f.mul(x, Math.PI / radius))), radius)
  const isNear = f.lessEqual(x, 1e-3)
  const inner = f.select(isNear, 1, f.div(waves, f.select(isNear, 1, f.mul(f.square(x), Math.PI ** 2))))
  return f.select(f.greater(x, radius), 0, inner)
}

const samplerNames: ReadonlyMap<string, string> = new Map(
  Object.entries({
    linear: 'linear bilinear trilinear triangle',
    cubic: 'cubic bicubic tricubic',
    lanczos3: 'lanczos3',
    lanczos5: 'lanczos5',
  }).flatMap(([name, all]) => all.split(' ').map((other): [string, string] => [other, name])),
)

/** [input, output]: how much of each place goes into each of the result. */
function samplingWeights(
  f: Formula,
  input: number,
  output: number,
  scale: Value,
  shift: Value,
  sampler: (f: Formula, x: Value) => Value,
  antialias: boolean,
) {
  const { b } = f
  const count = (length: number, shape: number[]) =>
    b.f32(
      Array.from({ length }, (_, i) => i),
      shape,
    )
  const inverse = f.div(1, scale)
  const place = f.sub(f.sub(f.mul(f.add(count(output, [1, output]), 0.5), inverse), f.mul(shift, inverse)), 0.5)
  const distance = f.abs(f.sub(place, count(input, [input, 1])))
  const weights = sampler(f, antialias ? f.div(distance, f.max(inverse, 1)) : distance)
  const sum = f.sum(weights, [0], true)
  const isSome = f.greater(f.abs(sum), 1000 * 2 ** -23)
  const shares = f.select(isSome, f.div(weights, f.select(isSome, sum, 1)), 0)
  return f.select(f.and(f.greaterEqual(place, -0.5), f.lessEqual(place, input - 0.5)), shares, 0)
}

/** A product with weights along each of the dims. */
function scaleAndTranslate(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const x = first(k, b)
  const rank = x.type.shape.length
  const method = samplerNames.get(k.text('method')) ?? k.reject(`the method ${k.text('method')} is not known`)
  const target = k.argument(1, 'output_shape')
  const [scale, shift] = [2, 3].map((i) => toF32(b, tensorOf(k, b, k.argument(i, ['scale', 'translation'][i - 2]!)))) as [Value, Value]
  if (x.type.dtype !== 'f32') return k.reject('Keras resamples floats alone')
  return k.numbers('spatial_dims').reduce<Value>(
    (v, dim, i) => {
      const axis = k.axis(dim, rank)
      const output = Array.isArray(target) ? target[axis] : undefined
      if (typeof output !== 'number') return k.reject('the output shape must be known')
      const at = (list: Value) => squeezeDim(b, sliceAxis(b, list, 0, i, 1), 0)
      const weights = samplingWeights(f, knownSize(k, v, axis), output, at(scale), at(shift), samplers[method]!, k.flag('antialias', true))
      return onLast(b, v, axis, (row) => {
        const isVector = row.type.shape.length === 1
        const mixed = product(b, isVector ? expandDims(b, row, 0) : row, weights, false, false)
        return isVector ? squeezeDim(b, mixed, 0) : mixed
      })
    },
    toF32(b, x),
  )
}

export const warpOperations: LoweringRegistry = {
  ScaleAndTranslate: layer(scaleAndTranslate),
  AffineTransform: layer((k, b) =>
    transformed(k, b, batched(k, b, 1, 'transform', 2), String(option(k, 'fill_mode') ?? 'constant').toUpperCase()),
  ),
  PerspectiveTransform: layer((k, b) =>
    transformed(k, b, between(k, b, batched(k, b, 1, 'start_points', 3), batched(k, b, 2, 'end_points', 3)), 'CONSTANT'),
  ),
  MapCoordinates: layer(mapCoordinates),
  CTCDecode: layer(ctcDecode),
}
